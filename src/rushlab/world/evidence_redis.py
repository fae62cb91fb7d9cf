"""What Redis still holds of a coupon."""

from __future__ import annotations

from typing import Any

import redis
from redis.exceptions import RedisError, ResponseError

TIMEOUT_S = 10.0


def redis_client(url: str) -> redis.Redis:
    """A client with bounded waiting."""
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


def stock_key(coupon_id: int) -> str:
    """Where the service keeps what is left of a coupon."""
    return f"coupon:{coupon_id}:stock"


def collect_redis(client: redis.Redis, coupon_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The remaining stock and the number of users that hold a coupon, as Redis has them.

    Returns
    -------
    tuple
        `{"redis_remaining", "redis_users"}` and, by name, why something could not be had. A stock
        that is not there is not zero: Redis lost it, or this reservation does not keep it there.
    """
    facts: dict[str, Any] = {"redis_remaining": None, "redis_users": None}
    reasons: dict[str, str] = {}
    key, users = stock_key(coupon_id), f"coupon:{coupon_id}:users"
    try:
        remaining = client.get(key)
        if remaining is None:
            reasons["redis_remaining"] = f"Redis has no key {key}"
        else:
            facts["redis_remaining"] = int(remaining)
        facts["redis_users"] = _members(client, users)
    except ValueError:
        reasons["redis_remaining"] = f"{key} is not a number"
    except (RedisError, OSError) as error:
        missing = [name for name, value in facts.items() if value is None]
        reasons = dict.fromkeys(missing, f"Redis did not answer ({error})") | reasons
    if facts["redis_users"] is None:
        reasons.setdefault("redis_users", f"{users} was not counted")
    return facts, reasons


def _members(client: redis.Redis, key: str) -> int:
    """Members of a set, or of a sorted set."""
    try:
        return int(client.scard(key))
    except ResponseError:
        return int(client.zcard(key))
