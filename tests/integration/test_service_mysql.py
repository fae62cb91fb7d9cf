"""The service on a real MySQL (Debian 12 has none: one of Debian sid, in a root file system made by debootstrap)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import pymysql
import pytest
import redis
import requests
from tests.integration.service_load import until
from tests.integration.test_service_exact import STOCK, crowd, rush

from rushlab.world.stack.ports import is_free

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("debootstrap") is None or os.geteuid() != 0, reason="needs debootstrap and root: MySQL is not here"
    ),
]


class MySQL:
    """A server on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"mysql://coupons:coupons@127.0.0.1:{port}/coupons"

    def ask(self, *statements: str) -> list[Any]:
        rows: list[Any] = []
        with (
            pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
        return rows


@pytest.fixture(scope="module")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MySQL]:
    root = tmp_path_factory.mktemp("sid")
    bootstrap = ["debootstrap", "--variant=minbase", "--include=mysql-server-core", "sid", str(root)]
    subprocess.run(bootstrap, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = ("chroot", str(root), "mysqld", "--no-defaults", "--user=root", "--datadir=/srv/mysql")
    subprocess.run([*server, "--initialize-insecure"], check=True, capture_output=True)
    own = (f"--port={port}", "--bind-address=127.0.0.1", "--mysqlx=OFF", "--socket=/srv/s", "--secure-file-priv=NULL")
    with subprocess.Popen(
        [*server, *own, "--pid-file=/srv/pid"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            until(lambda: not is_free(port), seconds=60)
            found = MySQL(port)
            found.ask("CREATE USER coupons IDENTIFIED BY 'coupons'", "GRANT ALL ON coupons.* TO coupons")
            yield found
        finally:
            run.terminate()
    shutil.rmtree(root, ignore_errors=True)


@contextmanager
def on_mysql(stack: Any, mysql: MySQL, **knobs: Any) -> Iterator[Any]:
    """Service, relay and consumer of a fresh state, started again as they were, but for the database."""
    target = stack.reset("recommended", coupons=1, **knobs)
    told = [psutil.Process(one.pid) for one in stack.backend.processes.found() if one.name in ROLES]
    first = [one for one in told if "coupons.service_worker" not in one.cmdline()]
    commands = [(one.cmdline(), _environment(one.environ(), mysql)) for one in first]
    stack.backend.processes.stop([one for one in stack.backend.processes.found() if one.name in ROLES])
    mysql.ask("DROP DATABASE IF EXISTS coupons", "CREATE DATABASE coupons CHARACTER SET utf8mb4")
    schema = [*commands[0][0][:-1], "coupons.schema"]
    subprocess.run(schema, env=commands[0][1], check=True)
    with ExitStack() as running:
        for command, environment in commands:
            process = running.enter_context(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
            running.callback(process.send_signal, signal.SIGTERM)
        until(lambda: not is_free(int(target.service.rpartition(":")[2])))
        until(lambda: requests.get(f"{target.service}/health/ready", timeout=5).status_code == 200)
        yield target


ROLES = ("service", "relay", "consumer-0")


def _environment(told: Mapping[str, str], mysql: MySQL) -> dict[str, str]:
    own = {key: value for key, value in told.items() if not key.startswith("RUSHLAB_")}
    return {**own, "COUPONS_DATABASE_URL": mysql.url}


@pytest.mark.parametrize(
    "knobs",
    [
        *({"reservation": "db-lock", "outbox": outbox} for outbox in ("per-request", "grouped")),
        {"reservation": "redis-lock", "outbox": "per-request", "consumer_mode": "single"},
        {"reservation": "redis-lock", "lock_scope": "narrow", "workers": 2},
        *({"reservation": "redis-lua", "outbox": outbox, "workers": 2} for outbox in ("per-request", "grouped")),
        {"reservation": "redis-zset", "consumer_mode": "async"},
    ],
    ids=lambda knobs: "-".join(map(str, knobs.values())),
)
def test_exactly_the_stock_is_issued_and_confirmed(stack: Any, mysql: MySQL, knobs: dict[str, Any]) -> None:
    with on_mysql(stack, mysql, **knobs) as target:
        coupon = requests.post(f"{target.service}/coupons", json={"stock": STOCK}, timeout=10).json()["coupon_id"]
        answers = rush(target.service, coupon, crowd())
        winners = [user for user, status in answers if status == 201]
        assert set(Counter(status for _, status in answers)) <= {201, 409, 410}
        assert len(winners) == len(set(winners)) == STOCK
        until(lambda: mysql.ask("SELECT COUNT(*) FROM coupons.issues WHERE confirmations = 1") == [(STOCK,)])
        assert mysql.ask("SELECT COUNT(*) FROM coupons.inbox") == [(STOCK,)]
        key = {"Idempotency-Key": "again"}
        url = f"{target.service}/coupons/{coupon}/issue"
        kept = [requests.post(url, json={"user_id": 10**6}, headers=key, timeout=10).content for _ in range(2)]
        assert kept[0] == kept[1]


def test_a_redis_that_lost_everything_is_rebuilt_from_mysql(stack: Any, mysql: MySQL) -> None:
    with on_mysql(stack, mysql) as target, redis.Redis.from_url(stack.endpoints.redis) as client:
        coupon = requests.post(f"{target.service}/coupons", json={"stock": 5}, timeout=10).json()["coupon_id"]
        url = f"{target.service}/coupons/{coupon}/issue"
        assert [requests.post(url, json={"user_id": user}, timeout=10).status_code for user in (1, 2)] == [201, 201]
        client.flushall()
        assert requests.post(url, json={"user_id": 1}, timeout=10).status_code == 503
        until(lambda: requests.post(url, json={"user_id": 1}, timeout=10).status_code == 409)
        assert client.get(f"coupon:{coupon}:stock") == b"3"
