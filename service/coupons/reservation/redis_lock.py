"""A token lock per coupon: around the whole transaction (`lock_scope` wide), or the decision only (narrow).

The lock has no fencing, so in either scope the transaction's conditional update and unique key have the last word.
"""

from __future__ import annotations

from redis.asyncio import Redis

from coupons.decision import Decision
from coupons.reservation.redis_client import LOST
from coupons.reservation.token_lock import TokenLock
from coupons.tables import Tables
from coupons.writers import Writer


class RedisLock:
    """Requests for one coupon run one after the other, over every process."""

    def __init__(self, redis: Redis, lock: TokenLock, writer: Writer) -> None:
        self._redis = redis
        self._lock = lock
        self._writer = writer

    async def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        """See `Reservation.issue`."""
        async with self._lock.hold(coupon_id):
            return await self._writer.write(coupon_id, user_id, key)

    async def start(self) -> None:
        """Locks need no preparation."""

    async def seed(self, coupon_id: int, stock: int) -> None:
        """The stock is the database's."""

    async def remaining(self, coupon_id: int) -> int | None:
        """The database counts."""
        return None

    async def ready(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(await self._redis.ping())
        except LOST:
            return False

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()


class NarrowRedisLock(RedisLock):
    """One after the other requests are told whether they have or can have one; they write at the same time."""

    def __init__(self, redis: Redis, lock: TokenLock, writer: Writer, tables: Tables) -> None:
        super().__init__(redis, lock, writer)
        self._tables = tables

    async def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        """See `Reservation.issue`."""
        async with self._lock.hold(coupon_id):
            refused = await self._tables.refusal(coupon_id, user_id)
        return refused or await self._writer.write(coupon_id, user_id, key)
