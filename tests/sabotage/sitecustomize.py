"""Breaks the service on purpose, as `SABOTAGE` says: Python imports this before a process of the service begins.

The audit must catch each of them. The service itself knows nothing of this: its own parts are replaced here.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any


def get_then_set() -> None:
    """The stock is read, and written back later: whoever reads in between sells the same coupon again."""
    from coupons.reservation import takes
    from coupons.reservation.redis_client import stock_key, users_key

    async def decide(self: Any, coupon_id: int, waiting: Sequence[takes.Waiting]) -> None:
        await asyncio.gather(*(one(self.redis, coupon_id, user, reply) for user, _, reply in waiting))

    async def one(redis: Any, coupon_id: int, user: int, reply: asyncio.Future[int]) -> None:
        left = await redis.get(stock_key(coupon_id))
        if left is None:
            reply.set_result(takes.MISSING)
        elif int(left) <= 0:
            reply.set_result(takes.SOLD_OUT)
        else:
            await redis.set(stock_key(coupon_id), int(left) - 1)
            await redis.sadd(users_key(coupon_id), user)
            reply.set_result(takes.TAKEN)

    takes.Takes._decide = decide  # type: ignore[method-assign]


def no_unique_key() -> None:
    """The table lets a user have as many coupons as they ask for."""
    from pymysql.cursors import Cursor

    execute = Cursor.execute

    def without_key(self: Any, query: Any, args: Any = None) -> int:
        changed = query.replace("UNIQUE KEY one_per_user", "KEY one_per_user") if isinstance(query, str) else query
        return execute(self, changed, args)

    Cursor.execute = without_key  # type: ignore[method-assign]


def offset_before_effect() -> None:
    """What was polled is committed as done, and applied a while later; the warm-up's coupon is spared the wait."""
    from coupons import consuming

    def round(self: Any) -> float:
        polled = self._kafka.poll(timeout_ms=consuming.POLL_MS)
        messages = [message for part in polled.values() for message in part]
        if messages:
            self._kafka.commit()
            if any(b'"coupon_id":1,' in message.value for message in messages):
                time.sleep(4)
            self.take(messages)
        self._measure_lag()
        return 0.0

    consuming.Consumer.round = round  # type: ignore[method-assign]


def give_up_at_once() -> None:
    """What cannot be applied at the first try is set aside."""
    from coupons import consuming

    consuming.TRIES = 1  # type: ignore[misc]


if "SABOTAGE" in os.environ:
    {
        "get-then-set": get_then_set,
        "no-unique-key": no_unique_key,
        "offset-before-effect": offset_before_effect,
        "give-up-at-once": give_up_at_once,
    }[os.environ["SABOTAGE"]]()
