"""A holder of the lock that is stopped past its time to live: the database still decides (I14)."""

from __future__ import annotations

import signal
import time
from typing import Any

import psutil
import pytest
import redis
import requests
from tests.integration.service_load import Load, addresses, audit, query, service_processes, until

pytestmark = pytest.mark.integration

TTL_S = 0.3
STOPS = 2
MOST_STOPS = 40
STOCK = 60


def stopped_while_holding(worker: psutil.Process, client: Any, key: str) -> bool:
    """Stop the worker past the lock's time to live, let it go on; whether the lock was its own and ran out."""
    worker.send_signal(signal.SIGSTOP)
    try:
        begun, token = time.monotonic(), client.get(key)
        until(lambda: client.get(key) != token)
        held_s = time.monotonic() - begun
        until(lambda: time.monotonic() > begun + 2 * TTL_S)
    finally:
        worker.send_signal(signal.SIGCONT)
    return token is not None and held_s > TTL_S / 4  # another's lock is held for milliseconds


@pytest.mark.parametrize(
    ("scope", "watchdog", "outbox"),
    [
        ("wide", False, "per-request"),
        pytest.param("wide", True, "grouped", marks=pytest.mark.slow),
        pytest.param("narrow", False, "per-request", marks=pytest.mark.slow),
        pytest.param("narrow", True, "grouped", marks=pytest.mark.slow),
    ],
)
def test_a_holder_stopped_past_its_time_to_live_breaks_nothing(
    stack: Any, scope: str, watchdog: bool, outbox: str
) -> None:
    knobs = {"lock_scope": scope, "lock_ttl": TTL_S, "lock_watchdog": watchdog, "outbox": outbox}
    target = stack.reset("report", coupons=1, workers=2, **knobs)
    _, workers = service_processes(stack)
    held = 0
    with redis.Redis.from_url(stack.endpoints.redis) as client:
        for _ in range(MOST_STOPS):
            made = requests.post(f"{target.service}/coupons", json={"stock": STOCK}, timeout=10).json()
            coupon = made["coupon_id"]
            with Load(target, *addresses(target), coupon=coupon) as load:
                until(lambda load=load: load.accepted() > STOCK // 10)  # type: ignore[misc]
                held += stopped_while_holding(workers[0], client, f"coupon:{coupon}:lock")
                until(lambda load=load: len(load.users(410)) > 20)  # type: ignore[misc]
            assert load.statuses() <= {201, 410, 503}
            audit(stack, load, STOCK)
            left = f"SELECT COUNT(*), (SELECT remaining FROM coupons WHERE id = {coupon}) FROM issues"
            assert query(stack, f"{left} WHERE coupon_id = {coupon}") == [(STOCK, 0)]
            if held == STOPS:
                return
    raise AssertionError(f"of {MOST_STOPS} stops only {held} met a holder")
