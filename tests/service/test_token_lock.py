"""The queue in front of the token lock: in order, bounded, never stuck; the wait for it is counted however it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from coupons.errors import Busy, CannotDecide
from coupons.metrics import Histogram
from coupons.reservation import token_lock
from coupons.reservation.token_lock import LocalQueue, TokenLock


def test_those_who_wait_come_in_order() -> None:
    async def scene() -> list[int]:
        queue, order = LocalQueue(), []

        async def one(number: int) -> None:
            await queue.enter(5)
            order.append(number)
            queue.leave()

        await queue.enter(5)
        waiting = [asyncio.create_task(one(number)) for number in range(5)]
        await asyncio.sleep(0)
        queue.leave()
        await asyncio.gather(*waiting)
        assert queue.idle
        return order

    assert asyncio.run(scene()) == [0, 1, 2, 3, 4]


def test_a_wait_is_bounded_and_leaves_the_queue_usable() -> None:
    async def scene() -> None:
        queue = LocalQueue()
        await queue.enter(5)
        with pytest.raises(Busy):
            await queue.enter(0.01)
        queue.leave()
        assert queue.idle
        await queue.enter(0.01)

    asyncio.run(scene())


def test_one_who_is_cancelled_does_not_keep_the_turn() -> None:
    async def scene() -> None:
        queue = LocalQueue()
        await queue.enter(5)
        gone = asyncio.create_task(queue.enter(5))
        await asyncio.sleep(0)
        queue.leave()  # the turn is given to the one who is cancelled before it runs
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await queue.enter(0.01)

    asyncio.run(scene())


class Redis:
    """Its locks are free, or somebody else's, or it does not answer."""

    def __init__(self, answer: bool | Exception) -> None:
        self._answer = answer

    def register_script(self, text: str) -> Any:
        async def call(keys: list[str], args: list[object]) -> int:
            return 1

        return call

    async def set(self, key: str, token: str, **options: object) -> bool:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def waits(answer: bool | Exception, requests: int) -> tuple[list[object], Histogram]:
    """What so many requests at once get from the lock, each holding it for long; and the waits that were counted."""
    waited = Histogram()

    async def scene() -> list[object]:
        redis: Any = Redis(answer)
        lock = TokenLock(redis, 3, waited, watchdog=False)

        async def one() -> None:
            async with lock.hold(1):
                await asyncio.sleep(0.05)

        ended = await asyncio.gather(*(one() for _ in range(requests)), return_exceptions=True)
        assert not lock._queues
        return [type(error) if error else None for error in ended]

    return asyncio.run(scene()), waited


@pytest.mark.parametrize(
    ("answer", "ended"),
    [(True, [None, Busy]), (False, [Busy, Busy]), (OSError("reset"), [CannotDecide, CannotDecide])],
)
def test_every_wait_for_the_lock_is_counted_however_it_ends(
    monkeypatch: pytest.MonkeyPatch, answer: bool | Exception, ended: list[object]
) -> None:
    monkeypatch.setattr(token_lock, "WAIT_S", 0.02)
    found, waited = waits(answer, len(ended))
    assert found == ended
    assert sum(waited.counts) == len(ended)
    assert (waited.total > 0.02) == (Busy in ended)
