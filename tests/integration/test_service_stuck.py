"""A database that is stuck: waits are bounded, answers are 503, nothing piles up, and afterwards all goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, text
from tests.integration.service_load import Load, audit, query, until

pytestmark = [pytest.mark.integration, pytest.mark.slow]

#: Place in a commit 10 s, answer of the database 10 s, and asking what became of it 3 s.
LONGEST_S = 25.0
POOL = 4
CLIENTS = 30
#: Besides the pool: the lease, the event ids, relay and consumer, and the test's own.
OTHERS = 8


@contextmanager
def locked_table(stack: Any) -> Iterator[None]:
    engine = create_engine(stack.endpoints.database)
    with engine.connect() as holder:
        holder.execute(text("LOCK TABLES issues WRITE, outbox WRITE"))
        try:
            yield
        finally:
            holder.execute(text("UNLOCK TABLES"))
    engine.dispose()


@contextmanager
def stopped_server(stack: Any) -> Iterator[None]:
    (server,) = [one for one in stack.backend.processes.found() if one.name == "mariadb"]
    stack.backend.processes.send(server, signal.SIGSTOP)
    try:
        yield
    finally:
        stack.backend.processes.send(server, signal.SIGCONT)


def connections(stack: Any) -> int:
    return int(query(stack, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = 'coupons'")[0][0])


def waiting(target: Any) -> float:
    lines = requests.get(target.metrics["service"][0], timeout=10).text.splitlines()
    return float(next(line for line in lines if line.startswith("coupons_pool_waiting ")).split()[-1])


@pytest.mark.parametrize(
    ("stuck", "reservation", "outbox"),
    [
        (locked_table, "redis-lua", "grouped"),
        (locked_table, "db-lock", "per-request"),
        (stopped_server, "redis-lua", "grouped"),
        (stopped_server, "redis-lock", "per-request"),
    ],
)
def test_a_stuck_database_is_503_in_bounded_time(stack: Any, stuck: Any, reservation: str, outbox: str) -> None:
    target = stack.reset("recommended", coupons=100_000, reservation=reservation, outbox=outbox, pool_size=POOL)
    with Load(target, clients=CLIENTS) as load:
        until(lambda: load.accepted() > 200)
        with stuck(stack):
            until(lambda: len(load.users(503)) >= CLIENTS, seconds=60)
            if stuck is locked_table:
                assert connections(stack) <= POOL + OTHERS
        before = load.accepted()
        until(lambda: load.accepted() > before + 200, seconds=40)
    assert load.statuses() <= {201, 503}
    assert max(seconds for _, _, seconds in load.answers) < LONGEST_S
    assert waiting(target) == 0
    audit(stack, load, 100_000)
    assert stack.drain(target) is not None
