"""Event ids: unique over every process and host, handed out from blocks that the database reserves."""

from __future__ import annotations

import asyncio
from typing import Final

from coupons.errors import NotWritten
from coupons.pool import LOST, Pool

BLOCK: Final = 10_000


class EventIds:
    """Numbers of a block; the next block is reserved before it is needed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._next = 0
        self._end = 0
        self._refill = asyncio.Lock()

    async def take(self, count: int) -> range:
        """`count` consecutive ids; ids that are not used afterwards are lost, which harms nobody."""
        if self._end - self._next < count:
            async with self._refill:
                if self._end - self._next < count:
                    await self._reserve(max(count, BLOCK))
        first = self._next
        self._next += count
        return range(first, first + count)

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
