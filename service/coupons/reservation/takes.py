"""The atomic decision: requests that came in together travel in one script call per coupon."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from coupons.errors import CannotDecide
from coupons.gather import Pace
from coupons.metrics import Histogram
from coupons.reservation.redis_client import LOST, script, stock_key, users_key

TAKEN: Final = 1
SOLD_OUT: Final = 0
ALREADY: Final = -1
#: The coupon's stock is not in Redis.
MISSING: Final = -2

CALL_USERS: Final = 1000

log = logging.getLogger(__name__)

Waiting = tuple[int, float, "asyncio.Future[int]"]  # user, since, reply


class Takes:
    """Collects requests while a call is on its way, sends them together, hands the answers out."""

    def __init__(self, redis: Redis, kind: str, seconds: Histogram) -> None:
        self.redis = redis
        self._take: AsyncScript = redis.register_script(script(f"take_{kind}"))
        self._give_back: AsyncScript = redis.register_script(script(f"give_back_{kind}"))
        self._seconds = seconds
        self._queue: dict[int, list[Waiting]] = {}
        self._call: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(self._start)

    def take(self, coupon_id: int, user_id: int) -> asyncio.Future[int]:
        """TAKEN, SOLD_OUT, ALREADY or MISSING; CannotDecide when Redis does not answer (the effect is then unknown)."""
        reply: asyncio.Future[int] = self._loop.create_future()
        waiting = self._queue.get(coupon_id)
        if waiting is None:
            waiting = self._queue[coupon_id] = []
        waiting.append((user_id, perf_counter(), reply))
        if self._call is None:
            self._pace.ask()
        return reply

    def _start(self) -> None:
        if self._call is None and self._queue:
            self._call = self._loop.create_task(self._decide_queue())
            self._call.add_done_callback(self._answered)

    def _answered(self, _call: asyncio.Task[None]) -> None:
        self._call = None
        if self._queue:
            self._pace.ask()

    async def give_back(self, coupon_id: int, users: Sequence[int]) -> int:
        """Undo a TAKEN; how many were undone. CannotDecide when Redis does not answer."""
        try:
            return int(await self._give_back(keys=[stock_key(coupon_id), users_key(coupon_id)], args=list(users)))
        except LOST as error:
            raise CannotDecide("Redis does not answer") from error

    async def _decide_queue(self) -> None:
        """Everybody in the queue has an answer or a refusal afterwards, whatever happens."""
        queue, self._queue = self._queue, {}
        try:
            for coupon_id, waiting in queue.items():
                for start in range(0, len(waiting), CALL_USERS):
                    await self._decide(coupon_id, waiting[start : start + CALL_USERS])
        except Exception:
            log.exception("a script call failed")
        finally:
            for waiting in queue.values():
                self._refuse(waiting)

    async def _decide(self, coupon_id: int, waiting: Sequence[Waiting]) -> None:
        users = [user for user, _, _ in waiting]
        try:
            answers = await self._take(keys=[stock_key(coupon_id), users_key(coupon_id)], args=users)
        except LOST as error:
            self._refuse(waiting, error)
            return
        ended = perf_counter()
        for (_, since, reply), answer in zip(waiting, answers or [MISSING] * len(users), strict=True):
            self._seconds.observe(ended - since)
            if not reply.done():
                reply.set_result(answer)

    def _refuse(self, waiting: Sequence[Waiting], error: BaseException | None = None) -> None:
        """Tell those who have no answer that there will be none."""
        now = perf_counter()
        for _, since, reply in waiting:
            if not reply.done():
                self._seconds.observe(now - since)
                refusal = CannotDecide("Redis does not answer")
                refusal.__cause__ = error
                reply.set_exception(refusal)
