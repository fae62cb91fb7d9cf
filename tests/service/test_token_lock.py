"""The queue in front of the token lock: in order, bounded, never stuck."""

from __future__ import annotations

import asyncio

import pytest

from coupons.errors import Busy
from coupons.reservation.token_lock import LocalQueue


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
