"""Many requests share one commit; each reply waits for its commit.

Requests gather while the groups before them are on their way, so groups grow with the load by themselves; a lone
request waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from coupons.decision import ALREADY, SOLD_OUT, UNKNOWN_COUPON, Decision, issued
from coupons.errors import Busy, CannotDecide, MaybeWritten, NotWritten
from coupons.event_ids import EventIds
from coupons.gather import Pace
from coupons.pool import LOST, Pool
from coupons.service_metrics import ServiceMetrics
from coupons.writers import statements
from coupons.writers.per_request import PerRequestWriter
from coupons.writers.settling import Settling
from coupons.writers.statements import Row

if TYPE_CHECKING:
    from asyncmy.connection import Connection

GROUPS_IN_FLIGHT: Final = 2
GROUP_ROWS: Final = 500
WAIT_S: Final = 10.0


class Waiting(NamedTuple):
    """A request in the queue."""

    coupon_id: int
    user_id: int
    since: float
    reply: asyncio.Future[Decision]


class GroupedWriter:
    """Collects requests and writes them group by group."""

    def __init__(
        self, pool: Pool, ids: EventIds, settling: Settling, metrics: ServiceMetrics, *, takes_stock: bool
    ) -> None:
        self._pool = pool
        self._ids = ids
        self._settling = settling
        self._takes_stock = takes_stock
        self._alone = PerRequestWriter(pool, ids, settling, metrics, takes_stock=takes_stock)
        self._stages = metrics.stages
        self._queue: list[Waiting] = []
        self._flights: set[asyncio.Task[None]] = set()
        self._limit = min(GROUPS_IN_FLIGHT, pool.size)
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(self._start)

    def write(self, coupon_id: int, user_id: int) -> asyncio.Future[Decision]:
        """See `Writer.write`."""
        reply: asyncio.Future[Decision] = self._loop.create_future()
        self._queue.append(Waiting(coupon_id, user_id, perf_counter(), reply))
        if len(self._flights) < self._limit:
            self._pace.ask()
        return reply

    def _start(self) -> None:
        if self._queue and len(self._flights) < self._limit:
            group, self._queue = self._queue[:GROUP_ROWS], self._queue[GROUP_ROWS:]
            flight = self._loop.create_task(self._fly(group))
            self._flights.add(flight)
            flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        if self._queue:
            self._pace.ask()

    async def _fly(self, group: Sequence[Waiting]) -> None:
        """Every request of the group has its answer afterwards, whatever happens."""
        fresh = self._too_late_refused(group)
        try:
            for coupon_id, requests in _by_coupon(fresh, apart=self._takes_stock).items():
                await self._write_group(coupon_id, requests)
        finally:
            self._fail(fresh, NotWritten("the group was not written"))

    def _too_late_refused(self, group: Sequence[Waiting]) -> list[Waiting]:
        fresh, started = [], perf_counter()
        for request in group:
            waited = started - request.since
            self._stages["group"].observe(waited)
            if waited < WAIT_S:
                fresh.append(request)
            else:
                request.reply.set_exception(Busy("no place in a commit in time"))
        return fresh

    def _fail(self, group: Sequence[Waiting], error: CannotDecide) -> None:
        for request in group:
            if not request.reply.done():
                request.reply.set_exception(type(error)(str(error)))

    async def _write_group(self, coupon_id: int, group: Sequence[Waiting]) -> None:
        try:
            await self._write_together(coupon_id, group)
        except CannotDecide as error:
            self._fail(group, error)

    async def _write_together(self, coupon_id: int, group: Sequence[Waiting]) -> None:
        ids = await self._ids.take(len(group))
        accepted = statements.now()
        rows = [Row(r.coupon_id, r.user_id, event, accepted) for r, event in zip(group, ids, strict=True)]
        try:
            answers = await self._transaction(coupon_id, rows)
        except LOST as error:
            if statements.error_number(error) not in statements.ONE_BY_ONE:
                raise NotWritten("the database failed before the commit") from error
            await self._one_by_one(group, rows)
            return
        for request, answer in zip(group, answers, strict=True):
            request.reply.set_result(answer)

    async def _transaction(self, coupon_id: int, rows: Sequence[Row]) -> list[Decision]:
        async with self._pool.connection() as connection:
            started = perf_counter()
            refused = await self._take_stock(connection, coupon_id, rows) if self._takes_stock else {}
            wanted = [row for row in rows if row.event_id not in refused] if refused else rows
            if wanted:
                async with connection.cursor() as cursor:
                    await statements.insert(cursor, wanted)
            written = perf_counter()
            self._stages["write"].observe(written - started)
            answered = await self._commit(connection)
            self._stages["commit"].observe(perf_counter() - written)
        if not answered and wanted:
            await self._settled(wanted)
        return [refused.get(row.event_id) or issued(row.event_id) for row in rows]

    async def _take_stock(self, connection: Connection, coupon_id: int, rows: Sequence[Row]) -> dict[int, Decision]:
        """Lock the stock, take as many as can be had; event id → why not, for the others."""
        async with connection.cursor() as cursor:
            await cursor.execute(statements.LOCK_STOCK, (coupon_id,))
            found = await cursor.fetchall()
            if not found:
                return dict.fromkeys((row.event_id for row in rows), UNKNOWN_COUPON)
            have = await statements.users_with_coupon(connection, coupon_id, [row.user_id for row in rows])
            refused, taken = _share_out(rows, have, int(found[0][0]))
            if taken:
                await cursor.execute(statements.TAKE_MANY, (taken, coupon_id))
        return refused

    async def _commit(self, connection: Connection) -> bool:
        try:
            await connection.commit()
        except LOST:
            connection.close()
            return False
        return True

    async def _settled(self, rows: Sequence[Row]) -> None:
        written = await self._settling.settle(rows)
        if written is None:
            raise MaybeWritten("the commit was not answered")
        if not written:
            raise NotWritten("the commit failed")

    async def _one_by_one(self, group: Sequence[Waiting], rows: Sequence[Row]) -> None:
        for request, row in zip(group, rows, strict=True):
            try:
                request.reply.set_result(await self._alone.write_row(row))
            except CannotDecide as error:
                self._fail(group, error)
                return

    async def close(self) -> None:
        """Write what waits, and wait for it."""
        while self._flights or self._queue:
            self._start()
            await asyncio.gather(*self._flights, return_exceptions=True)


def _by_coupon(group: Sequence[Waiting], *, apart: bool) -> dict[int, list[Waiting]]:
    """Requests by coupon; all together under 0 when no stock is taken and one commit can serve them all."""
    if not apart:
        return {0: list(group)} if group else {}
    parts: dict[int, list[Waiting]] = {}
    for request in group:
        parts.setdefault(request.coupon_id, []).append(request)
    return parts


def _share_out(rows: Sequence[Row], have: set[int], remaining: int) -> tuple[dict[int, Decision], int]:
    """In order of arrival: who is refused and why, and how many coupons are taken."""
    refused: dict[int, Decision] = {}
    served = set(have)
    taken = 0
    for row in rows:
        if row.user_id in served:
            refused[row.event_id] = ALREADY
        elif taken == remaining:
            refused[row.event_id] = SOLD_OUT
        else:
            served.add(row.user_id)
            taken += 1
    return refused, taken
