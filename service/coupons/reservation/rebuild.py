"""Redis rebuilt from the database: stock and users of every coupon, swapped in as one step each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from redis.asyncio import Redis

from coupons.errors import CannotDecide
from coupons.pool import LOST as DATABASE_LOST
from coupons.pool import Pool
from coupons.reservation.redis_client import LOST, stock_key, users_key

if TYPE_CHECKING:
    from asyncmy.connection import Connection

PAGE: Final = 5000
# The locking read waits for transactions that are about to commit, also those of a process that has died.
USERS_PAGE: Final = (
    "SELECT user_id, id FROM issues WHERE coupon_id = %s AND user_id > %s ORDER BY user_id LIMIT %s LOCK IN SHARE MODE"
)


class Rebuild:
    """Copies the truth to Redis; nobody may take or write meanwhile, which `alone` vouches for other processes."""

    def __init__(self, redis: Redis, pool: Pool, *, sorted_set: bool, alone: Callable[[], bool]) -> None:
        self._redis = redis
        self._pool = pool
        self._sorted_set = sorted_set
        self._alone = alone

    async def close(self) -> None:
        """Let go of the connection to Redis."""
        await self._redis.aclose()

    async def all(self) -> str:
        """Rebuild every coupon; the run id of the Redis that now holds the truth.

        Raises
        ------
        CannotDecide
            Redis or the database does not answer, Redis was restarted meanwhile, or another service may be at work.
        """
        self._require_alone()
        try:
            run_id = await self._run_id()
            kept = [key async for key in self._redis.scan_iter(match="coupon:*", count=1000)]
            async with self._pool.connection() as connection:
                coupons = await _coupons(connection)
                await self._forget(kept, {coupon_id for coupon_id, _ in coupons})
                for coupon_id, stock in coupons:
                    await self._coupon(connection, coupon_id, stock)
                await connection.rollback()  # ends the locks of the reads
            if await self._run_id() != run_id:
                raise CannotDecide("Redis was restarted")
        except LOST as error:
            raise CannotDecide("Redis does not answer") from error
        except DATABASE_LOST as error:
            raise CannotDecide("the database does not answer") from error
        self._require_alone()
        return run_id

    def _require_alone(self) -> None:
        if not self._alone():
            raise CannotDecide("another service process may be at work")

    async def _run_id(self) -> str:
        return str((await self._redis.info("server"))["run_id"])

    async def _forget(self, keys: Iterable[bytes], known: set[int]) -> None:
        """Remove what is there for coupons that the database does not have: a new one may be given such an id."""
        names = {b"%d" % coupon_id for coupon_id in known}
        strange = [key for key in keys if key.split(b":")[1] not in names]
        if strange:
            await self._redis.delete(*strange)

    async def _coupon(self, connection: Connection, coupon_id: int, stock: int) -> None:
        users, fresh = users_key(coupon_id), users_key(coupon_id) + ":rebuild"
        await self._redis.delete(fresh)
        issued = await self._copy_users(connection, coupon_id, fresh)
        swap = self._redis.pipeline(transaction=True)
        if issued:
            swap.rename(fresh, users)
        else:
            swap.delete(users)
        swap.set(stock_key(coupon_id), max(0, stock - issued))
        await swap.execute()

    async def _copy_users(self, connection: Connection, coupon_id: int, key: str) -> int:
        copied, last = 0, -1
        async with connection.cursor() as cursor:
            while True:
                await cursor.execute(USERS_PAGE, (coupon_id, last, PAGE))
                page = await cursor.fetchall()
                if not page:
                    return copied
                if self._sorted_set:
                    await self._redis.zadd(key, {str(user): place for user, place in page})
                else:
                    await self._redis.sadd(key, *(user for user, _ in page))
                copied, last = copied + len(page), page[-1][0]


async def _coupons(connection: Connection) -> list[tuple[int, int]]:
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT id, stock FROM coupons ORDER BY id")
        return [(int(coupon_id), int(stock)) for coupon_id, stock in await cursor.fetchall()]
