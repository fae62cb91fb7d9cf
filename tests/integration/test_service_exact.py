"""A thousand users on a stock of hundreds: exactly the stock is issued, once each, and all of it confirmed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
import redis
import requests
from tests.integration.service_load import query

pytestmark = pytest.mark.integration

STOCK = 300
USERS = 1000
CLIENTS = 48
RESERVATIONS = ("db-lock", "redis-lock", "redis-lua", "redis-zset")
OUTBOXES = ("per-request", "grouped")


def rush(service: str, coupon: int, users: Sequence[int]) -> list[tuple[int, int]]:
    """Everybody asks at once; (user, status) in no order."""
    local = threading.local()

    def ask(user: int) -> tuple[int, int]:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            sessions.append(local.session)
        answer = local.session.post(f"{service}/coupons/{coupon}/issue", json={"user_id": user}, timeout=60)
        return user, answer.status_code

    sessions: list[requests.Session] = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(ask, users))
    for session in sessions:
        session.close()
    return answers


def crowd() -> list[int]:
    """Every user once, a third of them twice, the second time long after and right after the first."""
    users = list(range(1, USERS + 1))
    return [again for user in users for again in ([user, user] if user % 6 == 0 else [user])] + users[::6]


#: Beside every reservation with every kind of commit in one process; the others are slow.
QUICK = {("redis-lock", "grouped", 1, "narrow"), ("redis-lua", "grouped", 2, "wide"), ("db-lock", "grouped", 2, "wide")}


def cases() -> Iterator[Any]:
    """Every reservation, kind of commit and number of processes, and both scopes of the lock where there is one."""
    for one in product(RESERVATIONS, OUTBOXES, (1, 2), ("wide", "narrow")):
        reservation, _, workers, scope = one
        if scope == "wide" or reservation == "redis-lock":
            quick = one in QUICK or (workers, scope) == (1, "wide")
            yield pytest.param(*one, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize(("reservation", "outbox", "workers", "scope"), list(cases()))
def test_exactly_the_stock_is_issued(stack: Any, reservation: str, outbox: str, workers: int, scope: str) -> None:
    knobs = {"reservation": reservation, "outbox": outbox, "workers": workers, "lock_scope": scope}
    target = stack.reset("recommended", coupons=STOCK, **knobs)
    answers = rush(target.service, target.coupon_id, crowd())

    statuses = Counter(status for _, status in answers)
    winners = [user for user, status in answers if status == 201]
    assert set(statuses) <= {201, 409, 410}, statuses
    assert len(winners) == len(set(winners)) == STOCK
    assert {user for user, status in answers if status == 409} <= set(winners)

    issued = query(stack, "SELECT user_id, event_id FROM issues")
    assert sorted(user for user, _ in issued) == sorted(winners)
    outbox_events = query(stack, "SELECT event_id FROM outbox")
    assert sorted(event for (event,) in outbox_events) == sorted(event for _, event in issued)
    shown = requests.get(f"{target.service}/coupons/{target.coupon_id}", timeout=10).json()
    assert (shown["issued"], shown["remaining"]) == (STOCK, 0)
    if reservation in ("redis-lua", "redis-zset"):
        assert _in_redis(stack, target.coupon_id, reservation) == ("0", {str(user) for user in winners})

    assert stack.drain(target) is not None
    assert query(stack, "SELECT COUNT(*) FROM issues WHERE confirmations = 1") == [(STOCK,)]
    assert query(stack, "SELECT COUNT(*) FROM inbox") == [(STOCK,)]


def _in_redis(stack: Any, coupon: int, reservation: str) -> tuple[str, set[str]]:
    with redis.Redis.from_url(stack.endpoints.redis, decode_responses=True) as client:
        key = f"coupon:{coupon}:users"
        users = client.smembers(key) if reservation == "redis-lua" else client.zrange(key, 0, -1)
        return str(client.get(f"coupon:{coupon}:stock")), set(users)


def test_the_report_preset_is_exact_too(stack: Any) -> None:
    target = stack.reset("report", coupons=STOCK)
    answers = rush(target.service, target.coupon_id, range(1, 601))
    assert Counter(status for _, status in answers) == {201: STOCK, 410: 600 - STOCK}
    assert stack.drain(target) is not None
    assert query(stack, "SELECT COUNT(*) FROM issues WHERE confirmations = 1") == [(STOCK,)]


def test_many_coupons_at_once_do_not_mix(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100, reservation="db-lock", outbox="grouped")
    made = [requests.post(f"{target.service}/coupons", json={"stock": 40}, timeout=10).json() for _ in range(4)]
    coupons = [coupon["coupon_id"] for coupon in made]
    with ThreadPoolExecutor(len(coupons)) as pool:
        crowds = pool.map(lambda coupon: rush(target.service, coupon, range(1, 101)), coupons)
        counts = [Counter(status for _, status in answers) for answers in crowds]
    assert counts == [Counter({410: 60, 201: 40})] * len(coupons)
