"""The native stack with its real servers: fresh states, accidents, ports, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pymysql
import pytest
import redis
import requests
from kafka import KafkaAdminClient
from sqlalchemy.engine import make_url

from rushlab.model.errors import PortTaken, StackError
from rushlab.world.settings import Settings
from rushlab.world.stack.backend import Endpoints
from rushlab.world.stack.endings import is_alive
from rushlab.world.stack.lock import workbench_lock
from rushlab.world.stack.native import NativeBackend

pytestmark = pytest.mark.integration

SERVERS = ["kafka", "mariadb", "mysqld-exporter", "process-exporter", "prometheus", "redis", "redis-exporter"]
_WORKBENCH = """
import sys
from pathlib import Path
from rushlab.world.settings import Settings
from rushlab.world.stack.lock import workbench_lock
from rushlab.world.stack.native import NativeBackend
settings = Settings(state=Path(sys.argv[1]))
with workbench_lock(settings.home):
    NativeBackend(settings).up(lambda text: print(text, flush=True))
    print("up", flush=True)
    sys.stdin.read()
"""


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about"
        time.sleep(0.05)


def count(endpoints: Endpoints, table: str) -> int:
    url = make_url(endpoints.database)
    with (
        pymysql.connect(
            host=url.host or "", port=url.port or 0, user=url.username, password=url.password, database=url.database
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def topics(endpoints: Endpoints) -> list[str]:
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=endpoints.kafka)) as admin:
        return [name for name in admin.list_topics() if name.startswith("coupon-issued")]


def issue(service: str, coupon: int, user: int) -> int:
    return requests.post(f"{service}/coupons/{coupon}/issue", json={"user_id": user}, timeout=10).status_code


@pytest.fixture
def own(tmp_path: Path) -> Iterator[NativeBackend]:
    """A backend with a state folder of its own, stopped afterwards."""
    backend = NativeBackend(Settings(state=tmp_path / "state"))
    yield backend
    backend.down(print)


def test_a_coupon_goes_all_the_way_and_a_reset_leaves_nothing_of_it(stack) -> None:  # type: ignore[no-untyped-def]
    target = stack.reset(coupons=10)
    assert [issue(target.service, target.coupon_id, user) for user in (1, 2, 1)] == [201, 201, 409]
    drained = stack.drain(target)
    assert drained is not None
    assert abs(drained - time.time()) < 60
    assert count(stack.endpoints, "issues") == count(stack.endpoints, "inbox") == 2

    fresh = stack.reset(coupons=10)
    assert fresh.topic != target.topic
    assert fresh.group != target.group
    assert [count(stack.endpoints, table) for table in ("issues", "outbox", "inbox", "coupons")] == [0, 0, 0, 1]
    # The broker deletes a topic in its own time.
    until(lambda: sorted(topics(stack.endpoints)) == [fresh.topic, f"{fresh.topic}-dead"])
    assert issue(fresh.service, fresh.coupon_id, 1) == 201


def test_a_reset_takes_the_knobs_to_topic_and_processes(stack) -> None:  # type: ignore[no-untyped-def]
    target = stack.reset("recommended", coupons=5, partitions=3, consumers=2)
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=stack.endpoints.kafka)) as admin:
        (described,) = admin.describe_topics([target.topic])
    assert len(described["partitions"]) == 3
    assert len(target.metrics["consumer"]) == 2
    assert target.knobs["consumers"] == 2
    for urls in target.metrics.values():
        assert all(requests.get(url, timeout=5).ok for url in urls)


def test_prometheus_scrapes_every_process_of_the_run(stack) -> None:  # type: ignore[no-untyped-def]
    stack.reset()

    def roles() -> set[str]:
        query = {"query": "up == 1"}
        answer = requests.get(f"{stack.endpoints.prometheus}/api/v1/query", params=query, timeout=5).json()
        return {series["metric"]["role"] for series in answer["data"]["result"]}

    until(
        lambda: roles() == {"service", "relay", "consumer", "mysqld-exporter", "redis-exporter", "process-exporter"}, 30
    )


def test_a_drain_that_cannot_end_says_what_is_missing(stack) -> None:  # type: ignore[no-untyped-def]
    target = stack.reset(coupons=5)
    (consumer,) = [one for one in stack.backend.processes.found() if one.name == "consumer-0"]
    stack.backend.processes.send(consumer, signal.SIGSTOP)
    assert issue(target.service, target.coupon_id, 1) == 201
    said: list[str] = []
    assert stack.backend.drain(target, timeout_s=1, step=said.append) is None
    assert "1 not confirmed" in said[0]
    stack.backend.processes.send(consumer, signal.SIGCONT)
    assert stack.drain(target) is not None


def test_a_taken_service_port_moves_the_service(stack) -> None:  # type: ignore[no-untyped-def]
    before = stack.reset(coupons=1).service
    stack.backend.processes.stop([one for one in stack.backend.processes.found() if one.name == "service"])
    with socket.create_server(("127.0.0.1", int(before.rpartition(":")[2]))):
        target = stack.reset(coupons=1)
        assert target.service != before
        assert issue(target.service, target.coupon_id, 1) == 201


def test_a_port_that_was_asked_for_and_is_taken_is_refused(stack, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    taken = make_url(stack.endpoints.database).port
    backend = NativeBackend(Settings(state=tmp_path / "state", database_port=taken))
    with pytest.raises(PortTaken, match="mariadbd"):
        backend.up(print)
    assert backend.processes.found() == []


def test_versions_come_from_the_servers_themselves(stack) -> None:  # type: ignore[no-untyped-def]
    versions = stack.backend.versions()
    assert set(SERVERS) <= set(versions)
    assert "MariaDB" in versions["mariadb"]
    assert all(version[0].isdigit() for version in versions.values()), versions


def test_every_listener_is_on_loopback(stack) -> None:  # type: ignore[no-untyped-def]
    stack.reset()
    import psutil

    for one in stack.backend.processes.found():
        for connection in psutil.Process(one.pid).net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip.removeprefix("::ffff:") == "127.0.0.1", one.name


def test_a_killed_database_comes_back_with_what_it_had_confirmed(stack) -> None:  # type: ignore[no-untyped-def]
    target = stack.reset(coupons=5)
    assert issue(target.service, target.coupon_id, 1) == 201
    (database,) = [one for one in stack.backend.processes.found() if one.name == "mariadb"]
    stack.backend.processes.send(database, signal.SIGKILL)
    until(lambda: not is_alive(database.pid))
    endpoints = stack.backend.up(print)
    assert endpoints == stack.endpoints
    assert count(endpoints, "issues") == 1


def test_an_unknown_knob_value_of_the_service_is_told_with_its_log(stack, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    variant = stack.bench.variant("recommended")
    broken = type(variant)("broken", {**variant.settings, "batch_size": -1})
    with pytest.raises(StackError, match=r"(?s)did not come up.*batch_size"):
        stack.backend.reset(broken, stock=1, step=print)
    assert not [one for one in stack.backend.processes.found() if one.name in ("service", "relay")]


@pytest.mark.parametrize("moment", ["making the data folders", "starting mariadb", "redis ready", "up"])
def test_what_a_killed_workbench_left_is_found_and_stopped_and_the_next_start_works(
    own: NativeBackend, tmp_path: Path, moment: str
) -> None:
    command = [sys.executable, "-c", _WORKBENCH, str(tmp_path / "state")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as workbench:
        assert workbench.stdout is not None
        for line in workbench.stdout:
            if line.startswith(moment):
                break
        os.kill(workbench.pid, signal.SIGKILL)
        workbench.wait()
        workbench.stdout.read()
    begun = time.monotonic()
    with workbench_lock(tmp_path / "state"):
        own.up(print)
        sys.stdout.write(f"up after an accident while {moment!r}: {time.monotonic() - begun:.1f} s\n")
        assert sorted(one.name for one in own.processes.found()) == SERVERS
        own.down(print)
    assert own.processes.found() == []
    assert own.status() == []


def test_cold_and_warm_starts(own: NativeBackend) -> None:
    begun = time.monotonic()
    endpoints = own.up(print)
    cold = time.monotonic() - begun
    pids = {one.pid for one in own.processes.found()}
    begun = time.monotonic()
    assert own.up(print) == endpoints
    sys.stdout.write(f"cold {cold:.1f} s, again {time.monotonic() - begun:.1f} s\n")
    assert {one.pid for one in own.processes.found()} == pids
    with redis.Redis.from_url(endpoints.redis) as client:
        assert client.ping()
    own.down(print)
    begun = time.monotonic()
    own.up(print)
    sys.stdout.write(f"with data {time.monotonic() - begun:.1f} s\n")


def test_the_database_lets_nobody_in_without_a_password(stack) -> None:  # type: ignore[no-untyped-def]
    port = make_url(stack.endpoints.database).port
    for user in ("root", "coupons", "exporter", "", "nobody"):
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            pymysql.connect(host="127.0.0.1", port=port or 0, user=user, password="")
