"""The planted pause: before each decision, beside the others, and not there at all when none is asked for."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from coupons import decision, settings
from coupons.assembly import assemble
from coupons.decision import Decision
from coupons.reservation import Reservation
from coupons.reservation.atomic import Atomic
from coupons.reservation.paused import Paused


class Inner:
    """Says what it was asked, and when."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.started = self.seeded = False

    async def issue(self, *request: Any) -> Decision:
        self.asked.append(request)
        return decision.issued(len(self.asked))

    async def start(self) -> None:
        self.started = True

    async def seed(self, coupon_id: int, stock: int) -> None:
        self.seeded = (coupon_id, stock) == (1, 2)

    async def remaining(self, coupon_id: int) -> int | None:
        return coupon_id

    async def ready(self) -> bool:
        return self.started

    async def close(self) -> None:
        self.started = False


def test_every_request_waits_and_none_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    inner, waited, opened = Inner(), [], asyncio.Event()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await opened.wait()

    async def scenario() -> list[Decision]:
        monkeypatch.setattr("coupons.reservation.paused.asyncio.sleep", sleep)
        paused = Paused(cast(Reservation, inner), 0.02)
        answers = asyncio.gather(paused.issue(1, 10), paused.issue(1, 11, "key"))
        while len(waited) < 2:
            await asyncio.wait([answers], timeout=0.001)
        assert inner.asked == []
        opened.set()
        return await answers

    assert asyncio.run(scenario()) == [decision.issued(1), decision.issued(2)]
    assert waited == [0.02, 0.02]
    assert inner.asked == [(1, 10, None), (1, 11, "key")]


def test_the_rest_is_the_other_reservations() -> None:
    inner = Inner()
    paused = Paused(cast(Reservation, inner), 0.02)

    async def scenario() -> tuple[bool, int | None]:
        await paused.start()
        await paused.seed(1, 2)
        found = await paused.ready(), await paused.remaining(7)
        await paused.close()
        return found

    assert asyncio.run(scenario()) == (True, 7)
    assert (inner.seeded, inner.started) == (True, False)


@pytest.mark.parametrize(("pause", "kind"), [("0", Atomic), ("20", Paused)])
def test_the_knob_plants_it(pause: str, kind: type) -> None:
    async def scenario() -> object:
        return assemble(settings.load({"COUPONS_PAUSE_MS": pause}), CollectorRegistry()).reservation

    assert type(asyncio.run(scenario())) is kind
