"""What the Redis lock covers: the whole transaction (wide), or the decision only (narrow)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from coupons import decision
from coupons.decision import Decision
from coupons.reservation.redis_lock import NarrowRedisLock, RedisLock


class Scene:
    """A lock, a database and a writer that write down what is done, and whether the lock was held."""

    def __init__(self, refusal: Decision | None = None) -> None:
        self.refused = refusal
        self.held = False
        self.done: list[tuple[str, bool]] = []

    @asynccontextmanager
    async def hold(self, coupon_id: int) -> AsyncIterator[None]:
        self.held = True
        yield
        self.held = False

    async def refusal(self, coupon_id: int, user_id: int) -> Decision | None:
        self.done.append(("read", self.held))
        return self.refused

    async def write(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        self.done.append(("write", self.held))
        return decision.SOLD_OUT


def test_a_wide_lock_is_held_over_the_whole_transaction() -> None:
    scene: Any = Scene()
    asyncio.run(RedisLock(scene, scene, scene).issue(1, 2))
    assert scene.done == [("write", True)]


def test_a_narrow_lock_is_held_for_the_decision_and_the_database_decides_again_after_it() -> None:
    scene: Any = Scene()
    decided = asyncio.run(NarrowRedisLock(scene, scene, scene, scene).issue(1, 2))
    assert scene.done == [("read", True), ("write", False)]
    assert decided == decision.SOLD_OUT


@pytest.mark.parametrize("refusal", [decision.ALREADY, decision.SOLD_OUT, decision.UNKNOWN_COUPON])
def test_one_who_is_refused_under_the_narrow_lock_writes_nothing(refusal: Decision) -> None:
    scene: Any = Scene(refusal)
    assert asyncio.run(NarrowRedisLock(scene, scene, scene, scene).issue(1, 2)) == refusal
    assert scene.done == [("read", True)]
