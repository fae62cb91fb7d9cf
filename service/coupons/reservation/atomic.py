"""Reservation by one script in Redis (`redis-lua`: a set of users, `redis-zset`: a sorted set), then the commit."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING, Final

from coupons import decision
from coupons.decision import Decision
from coupons.errors import Busy, CannotDecide, MaybeWritten, NotWritten
from coupons.metrics import Counter
from coupons.reservation import takes
from coupons.reservation.redis_client import LOST, stock_key
from coupons.reservation.takes import Takes
from coupons.reservation.trust import Trust
from coupons.tables import Tables
from coupons.writers import Writer

if TYPE_CHECKING:
    from coupons.writers.statements import Row


#: How long a request waits for what another worker makes of an earlier one of the same user.
ELSEWHERE_S: Final = 10.0
ELSEWHERE_POLL_S: Final = 0.02

log = logging.getLogger(__name__)


class Atomic:
    """Redis decides, the database confirms."""

    def __init__(
        self, scripts: Takes, trust: Trust, writer: Writer, tables: Tables, given_back: Counter, *, alone: bool = True
    ) -> None:
        self._takes = scripts
        self._redis = scripts.redis
        self._trust = trust
        self._writer = writer
        self._tables = tables
        self._given_back = given_back
        self._alone = alone
        self._later: set[asyncio.Task[None]] = set()

    async def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        """See `Reservation.issue`."""
        trust = self._trust
        if not trust.open:
            raise CannotDecide("Redis is being rebuilt from the database")
        undecided, who = trust.undecided, (coupon_id, user_id)
        earlier = undecided.earlier(who)
        if earlier is not None:
            return await earlier.shared()
        request = undecided.begin(who)
        try:
            decided = await self._decide(coupon_id, user_id, key)
        except (MaybeWritten, asyncio.CancelledError):
            request.lost_sight_of()  # until `settled`; one that is cancelled until the end of the process
            raise
        except Exception as error:
            undecided.end(who)
            request.failed(str(error))
            if not isinstance(error, CannotDecide):
                trust.distrust("a request ended in an error nobody thought of")
            raise
        undecided.end(who)
        request.answered(decided)
        return decided

    async def _decide(self, coupon_id: int, user_id: int, key: str | None) -> Decision:
        answer = await self._take(coupon_id, user_id)
        if answer == takes.ALREADY and not self._alone:
            answer = await self._elsewhere(coupon_id, user_id)
        if answer == takes.TAKEN:
            return await self._write(coupon_id, user_id, key)
        if answer == takes.ALREADY:
            return decision.ALREADY
        if answer == takes.SOLD_OUT:
            return decision.SOLD_OUT
        return await self._missing(coupon_id)

    async def _elsewhere(self, coupon_id: int, user_id: int) -> int:
        """Another worker may still be writing what this user has in Redis; the answer waits until that is known."""
        deadline = perf_counter() + ELSEWHERE_S
        while await self._tables.issue(coupon_id, user_id) is None:
            if not self._trust.open or perf_counter() >= deadline:
                raise CannotDecide("it is not known yet what became of an earlier request of this user")
            await asyncio.sleep(ELSEWHERE_POLL_S)
            answer = await self._take(coupon_id, user_id)
            if answer != takes.ALREADY:  # the other one was given back
                return answer
        return takes.ALREADY

    async def _take(self, coupon_id: int, user_id: int) -> int:
        try:
            return await self._takes.take(coupon_id, user_id)
        except CannotDecide as error:
            self._trust.distrust(str(error))
            raise

    async def _write(self, coupon_id: int, user_id: int, key: str | None) -> Decision:
        try:
            # A row that exists already means that Redis had forgotten this user: the reservation is then right.
            return await self._writer.write(coupon_id, user_id, key)
        except (NotWritten, Busy):
            await self._return(coupon_id, user_id)
            raise

    async def _return(self, coupon_id: int, user_id: int) -> None:
        if not self._trust.fence.open:
            return  # this Redis may be another service's, and the coupon of that user its own; ours is rebuilt
        try:
            self._given_back.add(await self._takes.give_back(coupon_id, [user_id]))
        except CannotDecide as error:
            self._trust.distrust(str(error))
        except Exception:
            log.exception("a reservation could not be given back")
            self._trust.distrust("a reservation could not be given back")

    def settled(self, row: Row, written: bool) -> None:
        """A MaybeWritten row has been found, or found absent: then its reservation is given back."""
        task = asyncio.create_task(self._settle(row, written))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _settle(self, row: Row, written: bool) -> None:
        try:
            if not written:
                await self._return(row.coupon_id, row.user_id)
        finally:
            self._trust.undecided.end((row.coupon_id, row.user_id))

    async def _missing(self, coupon_id: int) -> Decision:
        if not await self._tables.exists(coupon_id):
            return decision.UNKNOWN_COUPON
        self._trust.distrust(f"the stock of coupon {coupon_id} is not there")
        raise CannotDecide("Redis has lost the stock; it is being rebuilt from the database")

    async def start(self) -> None:
        """Rebuild Redis from the database before the first request; goes on in the background if it cannot yet."""
        self._trust.begin()
        await asyncio.wait({asyncio.ensure_future(self._trust.rebuilt())}, timeout=5)

    async def seed(self, coupon_id: int, stock: int) -> None:
        """Put the stock of a new coupon into Redis; CannotDecide when it does not answer."""
        try:
            await self._redis.set(stock_key(coupon_id), stock, nx=True)
        except LOST as error:
            self._trust.distrust("a new coupon could not be put there")
            raise CannotDecide("Redis does not answer") from error

    async def remaining(self, coupon_id: int) -> int | None:
        """Redis's count; CannotDecide when it is not to be had."""
        try:
            left = await self._redis.get(stock_key(coupon_id))
        except LOST as error:
            raise CannotDecide("Redis does not answer") from error
        if left is None or not self._trust.open:
            raise CannotDecide("Redis is being rebuilt from the database")
        return int(left)

    async def ready(self) -> bool:
        """Redis is believed and answers."""
        try:
            return self._trust.open and bool(await self._redis.ping())
        except LOST:
            return False

    async def close(self) -> None:
        """Finish what is being settled, stop a rebuild, let go of the connections."""
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._trust.close()
        await self._redis.aclose()
