"""The interface beside the hot path: what is made is answered as made, whatever Redis says."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from prometheus_client import CollectorRegistry
from redis.exceptions import ConnectionError as RedisConnectionError
from starlette.types import ASGIApp

from coupons.app import Handlers, build
from coupons.metrics import Counter
from coupons.reservation.atomic import Atomic
from coupons.reservation.trust import Trust

from .asgi import asking


class Away:
    """A Redis that does not answer, and the scripts in it."""

    def __init__(self) -> None:
        self.redis = self

    async def set(self, *_: object, **__: object) -> None:
        raise RedisConnectionError("refused")

    async def aclose(self) -> None: ...


class Database:
    """Makes every coupon; what is made is found by a rebuild."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.rebuilt: list[list[int]] = []

    async def create(self, stock: int, coupon_id: int | None) -> int | None:
        self.made.append(coupon_id or 1)
        return self.made[-1]

    async def all(self) -> str:
        self.rebuilt.append(list(self.made))
        return "run"

    async def close(self) -> None: ...


def application(database: Any, trust: Trust) -> ASGIApp:
    unused: Any = None
    atomic = Atomic(cast(Any, Away()), trust, unused, database, Counter())
    return build(unused, Handlers(database, atomic, CollectorRegistry()), unused)


def test_a_coupon_that_redis_was_not_told_of_is_made_all_the_same_and_found_by_the_rebuild() -> None:
    async def scene() -> None:
        database = Database()
        trust = Trust(database, Counter())
        trust.open = True
        made = await asking(application(database, trust), "POST", "/coupons", b'{"stock": 5}')
        assert (made.status, made.json()) == (201, {"coupon_id": 1, "stock": 5})
        await trust.rebuilt()
        assert database.rebuilt == [[1]]

    asyncio.run(scene())
