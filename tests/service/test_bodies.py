"""A body is waited for, but not for ever; one that is there already costs no timer."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from coupons import bodies, deadline
from coupons.bodies import Refused

LIMIT_S = 0.05


class Client:
    """Sends the parts of a body; before each it waits for so many seconds (None: for ever)."""

    def __init__(self, *parts: tuple[float | None, bytes]) -> None:
        self.parts = list(parts)
        self.left = False

    async def receive(self) -> dict[str, Any]:
        pause, part = self.parts.pop(0)
        try:
            if pause is None:
                await asyncio.Event().wait()
            elif pause:
                await asyncio.sleep(pause)
        except asyncio.CancelledError:
            self.left = True
            raise
        return {"type": "http.request", "body": part, "more_body": bool(self.parts)}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_S", LIMIT_S)


def read(client: Client) -> bytes:
    return asyncio.run(asyncio.wait_for(bodies.read(client.receive), 10))


@pytest.mark.parametrize(
    "client",
    [
        Client((None, b"")),
        Client((0, b'{"user'), (None, b"")),
        Client(*((LIMIT_S / 3, b"x") for _ in range(50))),  # each part in time, the whole not
    ],
    ids=["never", "its rest never", "drop by drop"],
)
def test_a_body_that_does_not_come_is_refused(client: Client) -> None:
    with pytest.raises(Refused) as caught:
        read(client)
    assert (caught.value.status, caught.value.headers) == (408, ((b"connection", b"close"),))
    assert msgspec.json.decode(caught.value.body)["detail"] == "The body did not come within 0.05 s."
    assert client.left


def test_a_body_that_comes_in_time_is_read() -> None:
    parts = ((0.0, b"a"), (0.001, b"b"), (0.0, b"c"), (0.001, b"d"))
    assert read(Client(*parts)) == read(Client(*reversed(parts)))[::-1] == b"abcd"


def test_a_long_body_is_refused_also_when_it_comes_late() -> None:
    with pytest.raises(Refused) as caught:
        read(Client((0.001, b"x" * 4000), (0.001, b"x" * 4000), (None, b"")))
    assert caught.value.status == 413


def test_a_body_that_is_there_sets_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline.asyncio, "timeout", lambda *_: pytest.fail("a timer was set"))
    assert read_at_once(Client((0, b"{"), (0, b"}"))) == b"{}"


def read_at_once(client: Client) -> bytes:
    return asyncio.run(bodies.read(client.receive))


def test_a_request_that_is_cancelled_is_no_timeout() -> None:
    client = Client((None, b""))

    async def scene() -> None:
        reading = asyncio.create_task(bodies.read(client.receive))
        await asyncio.sleep(0)
        reading.cancel()
        await reading

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scene())
    assert client.left
