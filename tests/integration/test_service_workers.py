"""Several workers behind one port: one owner of the database, one rebuild for all, none missing for long."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections import Counter
from typing import Any

import psutil
import pytest
import redis
import requests
from tests.integration.service_load import NONE, Load, addresses, audit, query, service_processes, until

from rushlab.world.service import counters

pytestmark = pytest.mark.integration


def rebuilds(target: Any) -> list[float]:
    texts = [requests.get(url, timeout=5).text.splitlines() for url in target.metrics["service"]]
    return [
        float(line.split()[-1]) for lines in texts for line in lines if line.startswith("coupons_redis_rebuilds_total ")
    ]


def test_workers_share_the_port_and_each_counts_its_own_requests(stack: Any) -> None:
    target = stack.reset("recommended", coupons=500, workers=2)
    parent, workers = service_processes(stack)
    assert len(workers) == len(target.metrics["service"]) == 2
    with Load(target) as load:
        until(lambda: load.accepted() > 300)
    each = [counters([url]) for url in target.metrics["service"]]
    assert all(one and one["issued"] > 0 for one in each)
    both = counters(target.metrics["service"])
    assert both
    assert both["issued"] == load.accepted()
    audit(stack, load, 500)
    environment = {key: value for key, value in parent.environ().items() if not key.startswith("RUSHLAB_")}
    second = subprocess.run(
        parent.cmdline(),
        env={**environment, "COUPONS_PORT": "18931", "COUPONS_METRICS_PORT": "18932"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (second.returncode, second.stdout) == (1, "")
    assert "Another service process works with the database" in second.stderr
    assert rebuilds(target) == [1.0, 1.0]
    assert stack.drain(target) is not None


@pytest.mark.parametrize("reservation", ["redis-lua", pytest.param("redis-zset", marks=pytest.mark.slow)])
def test_one_worker_rebuilds_a_lost_redis_while_all_of_them_answer_503(stack: Any, reservation: str) -> None:
    target = stack.reset("recommended", coupons=700, workers=2, reservation=reservation)
    with Load(target) as load, redis.Redis.from_url(stack.endpoints.redis) as client:
        until(lambda: load.accepted() > 200)
        client.flushall()
        until(lambda: bool(load.users(503)))
        until(lambda: bool(load.users(410)))
    assert load.statuses() <= {201, 410, 503}
    audit(stack, load, 700)
    assert query(stack, "SELECT COUNT(*) FROM issues") == [(700,)]
    first, second = rebuilds(target)
    assert first == second >= 2


def test_a_killed_worker_is_replaced_and_what_it_had_reserved_is_sold(stack: Any) -> None:
    target = stack.reset("recommended", coupons=1500, workers=2)
    _, before = service_processes(stack)
    with Load(target, *addresses(target)) as load:
        until(lambda: load.accepted() > 200)
        before[0].send_signal(signal.SIGKILL)
        until(lambda: len(load.users(410)) > 50)
    _, after = service_processes(stack)
    assert after[0].pid != before[0].pid
    assert after[1].pid == before[1].pid
    assert load.statuses() <= {201, 410, 503, NONE}
    audit(stack, load, 1500)
    assert query(stack, "SELECT COUNT(*) FROM issues") == [(1500,)]
    assert stack.drain(target) is not None


def test_no_worker_outlives_the_one_that_holds_the_lease_not_even_a_stopped_one(stack: Any) -> None:
    stack.reset("recommended", coupons=100, workers=2)
    parent, workers = service_processes(stack)
    workers[0].send_signal(signal.SIGSTOP)
    parent.send_signal(signal.SIGKILL)
    psutil.wait_procs(workers, timeout=5)
    assert [one for one in workers if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []


def test_sigterm_under_load_lets_every_worker_finish_what_it_accepted(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100_000, workers=2)
    parent, workers = service_processes(stack)
    with Load(target) as load:
        until(lambda: load.accepted() > 300)
        parent.send_signal(signal.SIGTERM)
        until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in [parent, *workers]))
    assert load.statuses() <= {201, NONE}
    assert {user for (user,) in query(stack, "SELECT user_id FROM issues")} == load.users(201)


def test_a_user_who_asks_every_worker_at_once_has_one(stack: Any) -> None:
    target = stack.reset("recommended", coupons=100_000, workers=2)
    answers: list[tuple[int, int]] = []

    def ask(address: str) -> None:
        with requests.Session() as session:
            for user in range(1, 151):
                url = f"{address}/coupons/{target.coupon_id}/issue"
                answers.append((user, session.post(url, json={"user_id": user}, timeout=30).status_code))

    threads = [threading.Thread(target=ask, args=(address,)) for address in addresses(target) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(status for _, status in answers) == {201: 150, 409: 150 * (len(threads) - 1)}
    assert query(stack, "SELECT COUNT(*), COUNT(DISTINCT user_id) FROM issues") == [(150, 150)]
