"""Commits whose answer was lost: the database is asked until it answers, and only then is anything decided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from coupons.errors import Busy, NotWritten
from coupons.pool import LOST, Pool
from coupons.writers.statements import EVENT_WRITTEN, Row

FIRST_ANSWER_S: Final = 3.0
PAUSE_S: Final = 1.0
log = logging.getLogger(__name__)

#: Called with a row and whether it was written after all.
Resolved = Callable[[Row, bool], None]


class Settling:
    """Finds out whether rows were written whose commit was not answered."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tasks: set[asyncio.Task[bool]] = set()
        self.resolved: Resolved = lambda row, written: None  # set by the reservation that gives back

    @property
    def open(self) -> int:
        """Commits that are not decided."""
        return len(self._tasks)

    async def settle(self, rows: Sequence[Row]) -> bool | None:
        """Whether the rows of one commit were written; None when that is not known soon, and the asking goes on."""
        asking = asyncio.create_task(self._ask_until_answered(rows[0]))  # a commit is whole: one speaks for all
        self._tasks.add(asking)
        asking.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait({asking}, timeout=FIRST_ANSWER_S)
        if done:
            return asking.result()
        asking.add_done_callback(lambda task: self._report(rows, task))
        return None

    def _report(self, rows: Sequence[Row], asking: asyncio.Task[bool]) -> None:
        if not asking.cancelled():
            for row in rows:
                self.resolved(row, asking.result())

    async def _ask_until_answered(self, row: Row) -> bool:
        while True:
            try:
                return await self._ask(row)
            except (NotWritten, Busy, *LOST):
                await asyncio.sleep(PAUSE_S)
            except Exception:
                log.exception("what became of a commit could not be asked")
                await asyncio.sleep(PAUSE_S)

    async def _ask(self, row: Row) -> bool:
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(EVENT_WRITTEN, (row.coupon_id, row.user_id))
            found = await cursor.fetchall()
            await connection.rollback()
            return (row.event_id,) in found

    async def close(self) -> None:
        """Stop asking; what is undecided stays reserved, which can undersell but never oversell."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
