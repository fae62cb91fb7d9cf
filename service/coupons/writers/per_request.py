"""A transaction for each request."""

from __future__ import annotations

import asyncio
import logging
import random
from time import perf_counter
from typing import TYPE_CHECKING, Final

from asyncmy.errors import IntegrityError

from coupons.decision import ALREADY, SOLD_OUT, UNKNOWN_COUPON, Decision, Outcome, issued
from coupons.errors import CannotDecide, KeyTaken, MaybeWritten, NotWritten
from coupons.event_ids import EventIds
from coupons.lease import Fence
from coupons.pool import LOST, Pool
from coupons.service_metrics import ServiceMetrics
from coupons.writers import statements
from coupons.writers.settling import Settling
from coupons.writers.statements import Row

if TYPE_CHECKING:
    from asyncmy.connection import Connection
    from asyncmy.cursors import Cursor

TRIES: Final = 4

log = logging.getLogger(__name__)


class PerRequestWriter:
    """One request, one connection, one commit."""

    def __init__(
        self,
        pool: Pool,
        ids: EventIds,
        settling: Settling,
        metrics: ServiceMetrics,
        *,
        takes_stock: bool,
        fence: Fence | None = None,
    ) -> None:
        self._pool = pool
        self._ids = ids
        self._settling = settling
        self._takes_stock = takes_stock
        self._fence = fence or Fence()
        self._write_seconds = metrics.stages["write"]
        self._commit_seconds = metrics.stages["commit"]

    async def write(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        """See `Writer.write`."""
        (event_id,) = await self._ids.take(1)
        return await self.write_row(Row(coupon_id, user_id, event_id, statements.now()), key)

    async def write_row(self, row: Row, key: str | None = None) -> Decision:
        """Write a row that has its event id; a deadlock is tried again a few times."""
        for attempt in range(TRIES):
            try:
                return await self._transaction(row, key)
            except CannotDecide:
                raise
            except LOST as error:
                if statements.error_number(error) not in statements.TRY_AGAIN:
                    raise NotWritten("the database failed before the commit") from error
            except Exception as error:
                # What goes wrong in a commit does not come out of `_commit`, so this was before it.
                log.exception("a row was not written")
                raise NotWritten("the row was not written") from error
            await asyncio.sleep(random.uniform(0.001, 0.01) * (attempt + 1))
        raise NotWritten("the database's locks could not be had")

    async def _transaction(self, row: Row, key: str | None) -> Decision:
        async with self._pool.connection() as connection:
            started = perf_counter()
            try:
                refusal = await self._statements(connection, row, key)
            finally:
                self._write_seconds.observe(perf_counter() - started)
            if refusal:
                await connection.rollback()
                return refusal
            self._fence.pass_through()
            if await self._commit(connection):
                return issued(row.event_id)
        return await self._settled(row)

    async def _statements(self, connection: Connection, row: Row, key: str | None) -> Decision | None:
        """Everything before the commit; why the request is refused, None when it is not."""
        async with connection.cursor() as cursor:
            # The conditional update locks the stock's row and decides in one step.
            if self._takes_stock and not await cursor.execute(statements.TAKE_ONE, (row.coupon_id,)):
                return await self._why_none_left(connection, row)
            try:
                await cursor.execute(statements.ISSUE, row)
            except IntegrityError as error:
                if statements.error_number(error) != statements.DUPLICATE_KEY:
                    raise
                return ALREADY
            await cursor.execute(statements.OUTBOX, row)
            if key is not None:
                await self._keep(cursor, row, key)
        return None

    async def _keep(self, cursor: Cursor, row: Row, key: str) -> None:
        kept = (key, row.coupon_id, row.user_id, Outcome.ISSUED.value, row.event_id, row.accepted_at)
        try:
            await cursor.execute(statements.KEEP, kept)
        except IntegrityError as error:
            if statements.error_number(error) != statements.DUPLICATE_KEY:
                raise
            raise KeyTaken("another request with this Idempotency-Key was quicker") from error

    async def _why_none_left(self, connection: Connection, row: Row) -> Decision:
        async with connection.cursor() as cursor:
            if await cursor.execute(statements.USER_HAS, (row.coupon_id, row.user_id)):
                return ALREADY
            known = await cursor.execute(statements.COUPON_EXISTS, (row.coupon_id,))
        return SOLD_OUT if known else UNKNOWN_COUPON

    async def _commit(self, connection: Connection) -> bool:
        """Whether the commit was answered; whatever goes wrong once it is sent, nobody knows what the database did."""
        started = perf_counter()
        try:
            await connection.commit()
        except LOST:
            connection.close()
            return False
        except Exception:
            log.exception("a commit's answer could not be read")
            connection.close()
            return False
        finally:
            self._commit_seconds.observe(perf_counter() - started)
        return True

    async def _settled(self, row: Row) -> Decision:
        written = await self._settling.settle([row])
        if written is None:
            raise MaybeWritten("the commit was not answered")
        if not written:
            raise NotWritten("the commit failed")
        return issued(row.event_id)

    async def close(self) -> None:
        """Nothing is kept between requests."""
