"""The service's processes stopped, killed and started twice under load: what was promised holds in the database."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import redis
import requests
from sqlalchemy import create_engine, text
from tests.integration.service_load import NONE, Load, query, until

pytestmark = pytest.mark.integration


def process(stack: Any, name: str) -> Any:
    (found,) = [one for one in stack.backend.processes.found() if one.name == name]
    return found


@contextmanager
def another(stack: Any, name: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is told what the running one of that name is told."""
    told = psutil.Process(process(stack, name).pid)
    own = {key: value for key, value in told.environ().items() if not key.startswith("RUSHLAB_")}
    command = subprocess.Popen(
        told.cmdline(), env={**own, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with command:
        try:
            yield command
        finally:
            command.kill()


@pytest.mark.parametrize("port", ["the same", "another"])
def test_a_second_service_refuses_and_disturbs_nobody(stack: Any, port: str) -> None:
    target = stack.reset("recommended", coupons=100_000)
    rebuilds = "coupons_redis_rebuilds_total 1.0"
    other = {} if port == "the same" else {"COUPONS_PORT": "18931"}
    with Load(target) as load:
        until(lambda: load.accepted() > 50)
        with another(stack, "service", **other) as second:
            said = second.communicate(timeout=30)[1]
        before = load.accepted()
        until(lambda: load.accepted() > before + 50)
    assert second.returncode == 1
    sentence = "listen on" if port == "the same" else "Another service process works with the database"
    assert sentence in said.splitlines()[-1]
    assert len(said.splitlines()) == 1
    assert rebuilds in requests.get(f"{target.service}/metrics", timeout=5).text
    assert load.statuses() == {201}
    assert query(stack, "SELECT COUNT(*) FROM issues") == [(load.accepted(),)]


def test_a_service_whose_lease_is_taken_ends_and_one_whose_lease_is_lost_takes_it_again(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100)
    service = psutil.Process(process(stack, "service").pid)
    name = query(stack, "SELECT CONCAT('coupons-service ', DATABASE())")[0][0]
    engine = create_engine(stack.endpoints.database)
    with engine.connect() as other:

        def holder() -> int:
            return int(other.execute(text("SELECT COALESCE(IS_USED_LOCK(:name), 0)"), {"name": name}).scalar_one())

        first = holder()
        assert first
        other.execute(text(f"KILL {first}"))
        until(lambda: holder() not in (0, first))
        until(lambda: requests.get(f"{target.service}/health/ready", timeout=5).status_code == 200)
        other.execute(text(f"KILL {holder()}"))
        assert other.execute(text("SELECT GET_LOCK(:name, 5)"), {"name": name}).scalar_one() == 1
        until(lambda: not service.is_running() or service.status() == psutil.STATUS_ZOMBIE)
    engine.dispose()
    assert "Another service process works with the database" in stack.backend.log_tail("service")


def test_a_killed_service_is_followed_at_once_by_the_next_one_and_nothing_is_sold_twice(stack: Any) -> None:
    stock = 400
    target = stack.reset("recommended", coupons=stock)
    with Load(target) as load:
        until(lambda: load.accepted() > 100)
        with another_after_kill(stack):
            until(lambda: bool(load.users(410)))
    assert query(stack, "SELECT COUNT(*), COUNT(DISTINCT user_id) FROM issues") == [(stock, stock)]
    assert load.users(201) <= {user for (user,) in query(stack, "SELECT user_id FROM issues")}


@contextmanager
def another_after_kill(stack: Any) -> Iterator[None]:
    running = process(stack, "service")
    told = psutil.Process(running.pid)
    own = {key: value for key, value in told.environ().items() if not key.startswith("RUSHLAB_")}
    command = told.cmdline()
    stack.backend.processes.send(running, signal.SIGKILL)
    with subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as after:
        try:
            yield
        finally:
            after.terminate()
            after.wait()


def test_sigterm_under_load_finishes_what_was_accepted(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100_000)
    running = process(stack, "service")
    with Load(target) as load:
        until(lambda: load.accepted() > 300)
        stack.backend.processes.send(running, signal.SIGTERM)
        until(lambda: running.pid not in {one.pid for one in stack.backend.processes.found()})
    assert load.statuses() <= {201, NONE}
    issued = {user for (user,) in query(stack, "SELECT user_id FROM issues")}
    assert issued == load.users(201)


@pytest.mark.parametrize("reservation", ["redis-lua", "redis-zset"])
def test_a_redis_that_loses_everything_under_load_sells_nothing_twice(stack: Any, reservation: str) -> None:
    stock = 1500
    target = stack.reset("recommended", coupons=stock, reservation=reservation)
    server = process(stack, "redis")
    told = psutil.Process(server.pid)
    environment, command = told.environ(), told.cmdline()
    with Load(target) as load:
        until(lambda: load.accepted() > 200)
        stack.backend.processes.send(server, signal.SIGKILL)
        until(lambda: bool(load.users(503)))
        restarted = subprocess.Popen(command[:2], env=environment, stdout=subprocess.DEVNULL)
        try:
            until(lambda: bool(load.users(410)))
        finally:
            restarted.terminate()
            restarted.wait()
    stack.backend.up(print)
    assert load.statuses() <= {201, 410, 503}
    assert query(stack, "SELECT COUNT(*), COUNT(DISTINCT user_id) FROM issues") == [(stock, stock)]
    assert {user for (user,) in query(stack, "SELECT user_id FROM issues")} >= load.users(201)
    assert stack.drain(target) is not None


def test_a_relay_that_is_killed_again_and_again_loses_nothing_and_nothing_has_two_effects(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100_000)
    relay = process(stack, "relay")
    told = psutil.Process(relay.pid)
    environment, command = told.environ(), told.cmdline()
    stack.backend.processes.send(relay, signal.SIGKILL)
    relays: list[subprocess.Popen[bytes]] = []
    with Load(target) as load:
        for _ in range(4):
            relays.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
            sent = sent_rows(stack)
            until(lambda sent=sent: sent_rows(stack) > sent)  # type: ignore[misc]
            os.kill(relays[-1].pid, signal.SIGKILL)
            relays[-1].wait()
    last = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        assert stack.drain(target) is not None
    finally:
        last.terminate()
        last.wait()
    assert load.statuses() == {201}
    counts = query(stack, "SELECT COUNT(*), MIN(confirmations), MAX(confirmations) FROM issues")
    assert counts == [(load.accepted(), 1, 1)]
    for table in ("outbox WHERE status = 1", "inbox"):
        assert query(stack, f"SELECT COUNT(*) FROM {table}") == [(load.accepted(),)]


def test_a_relay_that_is_killed_between_produce_and_mark_sends_again_and_the_effect_is_one(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100)
    relay = process(stack, "relay")
    told = psutil.Process(relay.pid)
    environment, command = told.environ(), told.cmdline()
    stack.backend.processes.send(relay, signal.SIGSTOP)
    url = f"{target.service}/coupons/{target.coupon_id}/issue"
    assert [requests.post(url, json={"user_id": user}, timeout=20).status_code for user in range(1, 11)] == [201] * 10
    engine = create_engine(stack.endpoints.database)
    with engine.connect() as holder:
        holder.execute(text("SELECT id FROM outbox FOR UPDATE"))  # produced, but never marked
        stack.backend.processes.send(relay, signal.SIGCONT)
        until(lambda: query(stack, "SELECT COUNT(*) FROM issues WHERE confirmations = 1") == [(10,)])
        assert query(stack, "SELECT COUNT(*) FROM outbox WHERE status = 0") == [(10,)]
        stack.backend.processes.send(relay, signal.SIGKILL)
    engine.dispose()
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as again:
        try:
            assert stack.drain(target) is not None
            until(lambda: duplicates(target) >= 10)
        finally:
            again.terminate()
    assert query(stack, "SELECT COUNT(*), MIN(confirmations), MAX(confirmations) FROM issues") == [(10, 1, 1)]
    assert query(stack, "SELECT COUNT(*) FROM inbox") == [(10,)]


def duplicates(target: Any) -> float:
    lines = requests.get(target.metrics["consumer"][0], timeout=5).text.splitlines()
    return float(next(line for line in lines if line.startswith("coupons_consumer_duplicates_total")).split()[-1])


def sent_rows(stack: Any) -> int:
    return int(query(stack, "SELECT COUNT(*) FROM outbox WHERE status = 1")[0][0])


def test_a_database_that_is_killed_under_load_loses_no_accepted_request(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100_000)
    with Load(target) as load:
        until(lambda: load.accepted() > 200)
        stack.backend.processes.send(process(stack, "mariadb"), signal.SIGKILL)
        until(lambda: bool(load.users(503)))
        stack.backend.up(print)
        before = load.accepted()
        until(lambda: load.accepted() > before + 200)
    assert load.statuses() <= {201, 503}
    assert stack.drain(target) is not None
    issued = {user for (user,) in query(stack, "SELECT user_id FROM issues WHERE confirmations = 1")}
    assert load.users(201) <= issued
    with redis.Redis.from_url(stack.endpoints.redis) as client:
        left = int(client.get(f"coupon:{target.coupon_id}:stock") or 0)
    assert left + len(issued) == 100_000
