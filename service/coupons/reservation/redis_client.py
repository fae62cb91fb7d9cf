"""Connections to Redis whose every wait is bounded, and the scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Final

from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CONNECT_S: Final = 1.0
ANSWER_S: Final = 5.0
OnConnect = Callable[[Connection], Awaitable[None]]
#: What Redis raises when it is away, stuck, loading or full.
LOST: Final = (RedisError, OSError, asyncio.TimeoutError)


def connect(url: str, connections: int = 4, on_connect: OnConnect | None = None) -> Redis:
    """A client that waits for a connection instead of failing, and never repeats a command by itself.

    A repeated script would find the user of the lost first try and call the request a second one.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=ANSWER_S,
        socket_connect_timeout=CONNECT_S,
        socket_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        redis_connect_func=on_connect,
    )
    return Redis(connection_pool=pool)


@cache
def script(name: str) -> str:
    """The text of `NAME.lua`."""
    return Path(__file__).with_name(f"{name}.lua").read_text("utf-8")


def stock_key(coupon_id: int) -> str:
    """Remaining coupons, an integer."""
    return f"coupon:{coupon_id}:stock"


def users_key(coupon_id: int) -> str:
    """Who has one: a set (redis-lua) or a sorted set by order of arrival (redis-zset)."""
    return f"coupon:{coupon_id}:users"


def lock_key(coupon_id: int) -> str:
    """The token of who holds the coupon's lock."""
    return f"coupon:{coupon_id}:lock"
