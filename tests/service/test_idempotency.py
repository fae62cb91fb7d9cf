"""A request that comes again with its Idempotency-Key is answered as it was; without a key nothing is looked up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from coupons import decision
from coupons.bodies import Refused
from coupons.decision import Decision
from coupons.errors import KeyTaken, NotWritten
from coupons.idempotency import Kept, Once, key_of
from coupons.issue_endpoint import IssueEndpoint
from coupons.service_metrics import ServiceMetrics
from coupons.writers.per_request import PerRequestWriter

from .asgi import Answer, asking
from .fake_database import Ids, Script, ScriptedPool, ToldSettling, duplicate


class Keys:
    """The stored answers."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.asked = 0

    async def find(self, key: str) -> Kept | None:
        self.asked += 1
        return self.kept.get(key)

    async def keep(self, key: str, kept: Kept) -> None:
        if key in self.kept:
            raise KeyTaken("taken")
        self.kept[key] = kept


class Reservation:
    """One coupon; the issue stores the key, as the commit does. `before` happens while it is decided."""

    def __init__(self, keys: Keys, *decisions: Decision) -> None:
        self.keys = keys
        self.decisions = list(decisions)
        self.before: Any = lambda: None

    async def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        decided = self.decisions.pop(0)
        self.before()
        if decided.event_id and key is not None:
            await self.keys.keep(key, Kept(coupon_id, user_id, decided))
        return decided


def ask(reservation: Reservation, *requests: tuple[str | None, bytes]) -> list[Answer]:
    told: Any = reservation
    keys: Any = reservation.keys

    async def scene() -> list[Answer]:
        endpoint = IssueEndpoint(told, ServiceMetrics(CollectorRegistry()), Once(told, keys))
        return [
            await asking(endpoint, "POST", "/coupons/7/issue", body, headers=_header(key)) for key, body in requests
        ]

    return asyncio.run(scene())


def _header(key: str | None) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x")] + ([] if key is None else [(b"idempotency-key", key.encode())])


@pytest.mark.parametrize("decided", [decision.issued(9), decision.ALREADY, decision.SOLD_OUT])
def test_the_same_key_has_the_same_answer_and_is_decided_once(decided: Decision) -> None:
    first, again = ask(Reservation(Keys(), decided), ("k", b'{"user_id": 1}'), ("k", b'{ "user_id":1 }'))
    assert (again.status, again.body) == (first.status, first.body)


@pytest.mark.parametrize("body", [b'{"user_id": 2}', b'{"user_id": 1}'])
def test_a_key_with_another_request_is_refused(body: bytes) -> None:
    keys = Keys()
    keys.kept["k"] = Kept(8 if body.endswith(b"1}") else 7, 1, decision.issued(9))
    (answer,) = ask(Reservation(keys), ("k", body))
    assert answer.status == answer.json()["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_coupon_is_asked_for_again_since_it_may_be_made_meanwhile() -> None:
    reservation = Reservation(Keys(), decision.UNKNOWN_COUPON, decision.issued(3))
    assert [a.status for a in ask(reservation, ("k", b'{"user_id": 1}'), ("k", b'{"user_id": 1}'))] == [404, 201]


@pytest.mark.parametrize("mine", [decision.issued(10), decision.ALREADY])
def test_two_at_the_same_time_have_the_answer_of_the_first(mine: Decision) -> None:
    keys = Keys()
    reservation = Reservation(keys, mine)
    reservation.before = lambda: keys.kept.setdefault("k", Kept(7, 1, decision.issued(9)))
    (answer,) = ask(reservation, ("k", b'{"user_id": 1}'))
    assert (answer.status, answer.json()["event_id"]) == (201, 9)


def test_without_a_key_nothing_is_looked_up() -> None:
    reservation = Reservation(Keys(), decision.issued(9))
    assert ask(reservation, (None, b'{"user_id": 1}'))[0].status == 201
    assert reservation.keys.asked == 0


@pytest.mark.parametrize("value", [b"", b"a b", b"\xff", b"x" * 256, b"a\n"])
def test_a_key_that_cannot_be_is_refused(value: bytes) -> None:
    with pytest.raises(Refused) as caught:
        key_of([(b"idempotency-key", value)])
    assert caught.value.status == 400


def test_one_key_at_most() -> None:
    assert key_of([(b"a", b"b"), (b"idempotency-key", b"x" * 255)]) == "x" * 255
    with pytest.raises(Refused):
        key_of([(b"idempotency-key", b"a"), (b"idempotency-key", b"b")])


def test_the_key_is_written_in_the_commit_of_the_issue_and_a_taken_one_writes_nothing() -> None:
    async def write(script: Script) -> Decision:
        ids: Any = Ids()
        metrics = ServiceMetrics(CollectorRegistry())
        writer = PerRequestWriter(ScriptedPool(script), ids, ToldSettling(), metrics, takes_stock=False)
        return await writer.write(1, 2, "k")

    script = Script()
    decided = asyncio.run(write(script))
    assert script.keys == [("k", 1, 2, "issued", decided.event_id)]
    script.keys_fail = [duplicate()]
    with pytest.raises(NotWritten) as caught:
        asyncio.run(write(script))
    assert isinstance(caught.value, KeyTaken)
    assert len(script.committed) == 1
