"""Many requests share one commit; each reply waits for its commit.

Requests gather while the groups before them are on their way, so groups grow with the load by themselves; a lone
request waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from coupons.decision import ALREADY, SOLD_OUT, UNKNOWN_COUPON, Decision, issued
from coupons.errors import Busy, CannotDecide, MaybeWritten, NotWritten
from coupons.event_ids import EventIds
from coupons.gather import Pace
from coupons.lease import Fence
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
#: How long a group that is written row by row may keep its last rows waiting.
ALONE_S: Final = 5.0

log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """A request in the queue."""

    coupon_id: int
    user_id: int
    since: float
    reply: asyncio.Future[Decision]


class GroupedWriter:
    """Collects requests and writes them group by group."""

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
        self._alone = PerRequestWriter(pool, ids, settling, metrics, takes_stock=takes_stock, fence=self._fence)
        self._stages = metrics.stages
        self._queue: list[Waiting] = []
        self._flights: set[asyncio.Task[None]] = set()
        self._limit = min(GROUPS_IN_FLIGHT, pool.size)
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(self._start)
        self._timer: asyncio.TimerHandle | None = None

    def write(self, coupon_id: int, user_id: int, key: str | None = None) -> Awaitable[Decision]:
        """See `Writer.write`; a request with a key has a commit of its own."""
        if key is not None:
            return self._alone.write(coupon_id, user_id, key)
        reply: asyncio.Future[Decision] = self._loop.create_future()
        self._queue.append(Waiting(coupon_id, user_id, perf_counter(), reply))
        if self._timer is None:
            self._timer = self._loop.call_later(WAIT_S, self._refuse_late)
        if len(self._flights) < self._limit:
            self._pace.ask()
        return reply

    def _start(self) -> None:
        if self._queue and len(self._flights) < self._limit:
            group, self._queue = self._queue[:GROUP_ROWS], self._queue[GROUP_ROWS:]
            flight = self._loop.create_task(self._fly(group))
            self._flights.add(flight)
            flight.add_done_callback(partial(self._landed, group))

    def _landed(self, group: Sequence[Waiting], flight: asyncio.Task[None]) -> None:
        # Only a flight that was cancelled has left requests unanswered, and maybe in the middle of its commit.
        _fail(group, MaybeWritten("the process ends"))
        self._flights.discard(flight)
        if self._queue:
            self._pace.ask()

    def _refuse_late(self) -> None:
        """Refuse those at the head of the queue whose time is over, whatever the flights do."""
        now = perf_counter()
        late = 0
        while late < len(self._queue) and now - self._queue[late].since >= WAIT_S:
            late += 1
        for request in self._queue[:late]:
            self._stages["group"].observe(now - request.since)
        _fail(self._queue[:late], Busy("no place in a commit in time"))
        self._queue = self._queue[late:]
        left = self._queue[0].since + WAIT_S - now if self._queue else 0.0
        self._timer = self._loop.call_later(max(left, 0.001), self._refuse_late) if self._queue else None

    async def _fly(self, group: Sequence[Waiting]) -> None:
        """Every request of the group has its answer afterwards, whatever happens."""
        started = perf_counter()
        for request in group:
            self._stages["group"].observe(started - request.since)
        for coupon_id, requests in _by_coupon(group, apart=self._takes_stock).items():
            await self._write_group(coupon_id, requests)

    async def _write_group(self, coupon_id: int, group: Sequence[Waiting]) -> None:
        try:
            await self._write_together(coupon_id, group)
        except CannotDecide as error:
            _fail(group, error)
        except Exception:
            # What goes wrong in a commit does not come out of `_commit`, so this was before it.
            log.exception("a group was not written")
            _fail(group, NotWritten("the group was not written"))

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
            _answer(request, answer)

    async def _transaction(self, coupon_id: int, rows: Sequence[Row]) -> list[Decision]:
        async with self._pool.connection(requests=len(rows)) as connection:
            started = perf_counter()
            try:
                refused = await self._take_stock(connection, coupon_id, rows) if self._takes_stock else {}
                wanted = [row for row in rows if row.event_id not in refused] if refused else rows
                if wanted:
                    async with connection.cursor() as cursor:
                        await statements.insert(cursor, wanted)
            finally:
                written = perf_counter()
                self._stages["write"].share(written - started, len(rows))
            self._fence.pass_through()
            answered = await self._commit(connection)
            self._stages["commit"].share(perf_counter() - written, len(rows))
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
        """Whether the commit was answered; whatever goes wrong once it is sent, nobody knows what the database did."""
        try:
            await connection.commit()
        except LOST:
            connection.close()
            return False
        except Exception:
            log.exception("a commit's answer could not be read")
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
        deadline = perf_counter() + ALONE_S
        for request, row in zip(group, rows, strict=True):
            if perf_counter() >= deadline:
                raise Busy("no place in a commit in time")  # for the rows that were not tried
            try:
                _answer(request, await self._alone.write_row(row))
            except MaybeWritten as error:
                _fail([request], error)
                raise NotWritten("the database failed before the commit") from error  # for those that were not tried
            except CannotDecide as error:
                _fail([request], error)

    async def close(self) -> None:
        """Write what waits, and wait for it."""
        while self._flights or self._queue:
            self._start()
            await asyncio.gather(*self._flights, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()


def _answer(request: Waiting, decided: Decision) -> None:
    if not request.reply.done():
        request.reply.set_result(decided)


def _fail(group: Sequence[Waiting], error: CannotDecide) -> None:
    """Refuse those that have no answer yet."""
    for request in group:
        if not request.reply.done():
            request.reply.set_exception(type(error)(str(error)))


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
