"""Event ids: unique over every process and host, handed out from blocks that the database reserves."""

from __future__ import annotations

import asyncio
from typing import Final

from coupons.errors import NotWritten
from coupons.pool import LOST, Pool

BLOCK: Final = 10_000


class EventIds:
    """Numbers of a block. Those who find it used up wait for the same next one, and fail together."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._next = 0
        self._end = 0
        self._refill: asyncio.Task[None] | None = None

    async def take(self, count: int) -> range:
        """`count` consecutive ids; ids that are not used afterwards are lost, which harms nobody."""
        while self._end - self._next < count:
            if self._refill is None:
                self._refill = asyncio.create_task(self._reserve(max(count, BLOCK)))
                self._refill.add_done_callback(self._refilled)
            await asyncio.shield(self._refill)  # the others still want it when this one is cancelled
        first = self._next
        self._next += count
        return range(first, first + count)

    def _refilled(self, refill: asyncio.Task[None]) -> None:
        self._refill = None
        if not refill.cancelled():
            refill.exception()  # whoever waits has it too; nobody may be waiting any more

    async def _reserve(self, count: int) -> None:
        try:
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                await cursor.execute(
                    "INSERT INTO event_blocks (name, next_id) VALUES ('event', LAST_INSERT_ID(1) + %s) "
                    "ON DUPLICATE KEY UPDATE next_id = LAST_INSERT_ID(next_id) + %s",
                    (count, count),
                )
                await cursor.execute("SELECT LAST_INSERT_ID()")
                ((first,),) = await cursor.fetchall()
                await connection.commit()
        except LOST as error:
            raise NotWritten("no event ids could be reserved") from error
        self._next, self._end = int(first), int(first) + count
