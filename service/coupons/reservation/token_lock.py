"""A token lock in Redis: SET NX PX, compare-and-delete; a queue inside the process in front of it.

The lock has no fencing: one who holds it past its time to live does not know that it is lost. It only makes requests
wait for each other; what is true is decided by the database.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

from redis.asyncio import Redis

from coupons.errors import Busy, CannotDecide
from coupons.metrics import Histogram
from coupons.reservation.redis_client import LOST, lock_key, script

WAIT_S: Final = 15.0
POLL_S: Final = (0.005, 0.02)


class LocalQueue:
    """First come, first served inside this process, for one coupon."""

    def __init__(self) -> None:
        self._held = False
        self._waiters: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """Nobody holds it and nobody waits."""
        return not self._held

    async def enter(self, wait_s: float) -> None:
        """Wait for the turn; Busy after `wait_s`."""
        if not self._held:
            self._held = True
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiters.append(turn)
        timer = loop.call_later(wait_s, _expire, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise
        finally:
            timer.cancel()

    def leave(self) -> None:
        """Let the next one in."""
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._held = False


class TokenLock:
    """Locks by coupon."""

    def __init__(self, redis: Redis, ttl_s: float, waited: Histogram, *, watchdog: bool) -> None:
        self._redis = redis
        self._ttl_ms = round(ttl_s * 1000)
        self._watchdog = watchdog
        self._waited = waited
        self._queues: dict[int, LocalQueue] = {}
        self._release = redis.register_script(script("lock_release"))
        self._prolong = redis.register_script(script("lock_prolong"))

    @asynccontextmanager
    async def hold(self, coupon_id: int) -> AsyncIterator[None]:
        """The lock of the coupon.

        Raises
        ------
        Busy
            The lock could not be had in `WAIT_S`.
        CannotDecide
            Redis does not answer.
        """
        asked = perf_counter()
        queue = self._queues.setdefault(coupon_id, LocalQueue())
        entered = False
        try:
            try:
                await queue.enter(WAIT_S)
                entered = True
                token = await self._acquire(coupon_id, asked + WAIT_S)
            finally:
                self._waited.observe(perf_counter() - asked)
            async with self._kept(coupon_id, token):
                yield
        finally:
            if entered:
                self._leave(coupon_id, queue)

    def _leave(self, coupon_id: int, queue: LocalQueue) -> None:
        queue.leave()
        if queue.idle:
            self._queues.pop(coupon_id, None)

    async def _acquire(self, coupon_id: int, deadline: float) -> str:
        token = secrets.token_hex(8)
        while perf_counter() < deadline:
            try:
                if await self._redis.set(lock_key(coupon_id), token, nx=True, px=self._ttl_ms):
                    return token
            except LOST as error:
                raise CannotDecide("Redis does not answer") from error
            await asyncio.sleep(random.uniform(*POLL_S))
        raise Busy("the coupon's lock could not be had in time")

    @asynccontextmanager
    async def _kept(self, coupon_id: int, token: str) -> AsyncIterator[None]:
        dog = asyncio.create_task(self._watch(coupon_id, token)) if self._watchdog else None
        try:
            yield
        finally:
            if dog:
                dog.cancel()
            await self._let_go(coupon_id, token)

    async def _watch(self, coupon_id: int, token: str) -> None:
        while True:
            await asyncio.sleep(self._ttl_ms / 3000)
            try:
                if not await self._prolong(keys=[lock_key(coupon_id)], args=[token, self._ttl_ms]):
                    return
            except LOST:
                return  # the lock runs out by itself, and the database decides

    async def _let_go(self, coupon_id: int, token: str) -> None:
        try:
            await self._release(keys=[lock_key(coupon_id)], args=[token])
        except LOST:
            return  # it runs out by itself after its time to live


def _expire(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(Busy("the coupon's lock could not be had in time"))
