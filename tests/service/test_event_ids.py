"""Blocks of event ids: one refill for all who wait, and one failure for all of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from coupons.errors import NotWritten
from coupons.event_ids import BLOCK, EventIds

from .fake_database import Script, ScriptedPool


class Blocks(EventIds):
    """Blocks from memory; each waits for the gate, and fails while `fails`."""

    def __init__(self) -> None:
        super().__init__(ScriptedPool(Script()))
        self.asked = 0
        self.fails = False
        self.gate = asyncio.Event()

    async def _reserve(self, count: int) -> None:
        self.asked += 1
        await self.gate.wait()
        if self.fails:
            raise NotWritten("no event ids could be reserved")
        self._next, self._end = self.asked * 10**6, self.asked * 10**6 + count


async def many(ids: EventIds, count: int, each: int) -> list[Any]:
    return await asyncio.gather(*(ids.take(each) for _ in range(count)), return_exceptions=True)


def test_those_who_wait_share_one_refill() -> None:
    async def scene() -> None:
        ids = Blocks()
        ids.gate.set()
        blocks = await many(ids, 100, 7)
        assert ids.asked == 1
        assert len({number for block in blocks for number in block}) == 700

    asyncio.run(scene())


def test_more_than_a_block_can_be_had() -> None:
    async def scene() -> None:
        ids = Blocks()
        ids.gate.set()
        blocks = await many(ids, 4, BLOCK // 2 + 1)
        assert len({number for block in blocks for number in block}) == 4 * (BLOCK // 2 + 1)
        assert len(await ids.take(3 * BLOCK)) == 3 * BLOCK

    asyncio.run(scene())


def test_a_refill_that_fails_fails_for_all_of_them_and_the_next_one_is_tried() -> None:
    async def scene() -> None:
        ids = Blocks()
        ids.fails = True
        ids.gate.set()
        assert {type(answer) for answer in await many(ids, 100, 7)} == {NotWritten}
        assert ids.asked == 1
        ids.fails = False
        assert len(await ids.take(7)) == 7

    asyncio.run(scene())


def test_one_who_goes_away_does_not_take_the_refill_with_him() -> None:
    async def scene() -> None:
        ids = Blocks()
        gone, other = asyncio.create_task(ids.take(1)), asyncio.create_task(ids.take(1))
        while not ids.asked:
            await asyncio.sleep(0)
        gone.cancel()
        ids.gate.set()
        assert len(await other) == 1
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(scene())
