"""`Idempotency-Key` on the real servers: the same answer from every worker, and from one that was killed since."""

from __future__ import annotations

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
import requests
from tests.integration.service_load import addresses, query, service_processes, until

from rushlab.world.stack.ports import is_free

pytestmark = pytest.mark.integration


def ask(service: str, coupon: int, user: int, key: str) -> tuple[int, bytes]:
    headers = {"Idempotency-Key": key}
    url = f"{service}/coupons/{coupon}/issue"
    answer = requests.post(url, json={"user_id": user}, headers=headers, timeout=30)
    return answer.status_code, answer.content


def ready(service: str) -> bool:
    listens = not is_free(int(service.rpartition(":")[2]))
    return listens and requests.get(f"{service}/health/ready", timeout=5).status_code == 200


def test_a_key_has_one_answer_over_workers_and_a_kill(stack: Any) -> None:
    target = stack.reset("recommended", coupons=1, workers=2)
    one, other = addresses(target)
    coupon = target.coupon_id
    first = {
        "issued": ask(one, coupon, 1, "issued"),
        "already": ask(one, coupon, 1, "already"),
        "sold-out": ask(other, coupon, 2, "sold-out"),
    }
    assert {key: status for key, (status, _) in first.items()} == {"issued": 201, "already": 409, "sold-out": 410}
    users = {"issued": 1, "already": 1, "sold-out": 2}
    for service in (one, other):
        assert {key: ask(service, coupon, users[key], key) for key in users} == first
        assert ask(service, coupon, 3, "issued")[0] == 422
    _, workers = service_processes(stack)
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
    psutil.wait_procs(workers, timeout=10)
    until(lambda: ready(one) and ready(other))
    assert {key: ask(other, coupon, users[key], key) for key in users} == first
    assert query(stack, "SELECT COUNT(*) FROM issues") == [(1,)]


@pytest.mark.parametrize(
    ("reservation", "outbox"),
    [("redis-lua", "grouped"), pytest.param("db-lock", "per-request", marks=pytest.mark.slow)],
)
def test_the_same_request_sent_many_times_at_once_is_one_issue(stack: Any, reservation: str, outbox: str) -> None:
    target = stack.reset("recommended", coupons=1000, workers=2, reservation=reservation, outbox=outbox)
    with ThreadPoolExecutor(12) as pool:
        wanted = [(service, user) for user in range(1, 21) for service in addresses(target) * 4]
        answers = list(pool.map(lambda w: ask(w[0], target.coupon_id, w[1], f"key-{w[1]}"), wanted))
    assert Counter(status for status, _ in answers) == {201: len(wanted)}
    assert len({body for _, body in answers}) == 20
    # A key that is used for many users at once is one user's; the others' coupons are not lost.
    with ThreadPoolExecutor(12) as pool:
        mixed = list(
            pool.map(lambda user: ask(addresses(target)[user % 2], target.coupon_id, user, "same"), range(100, 124))
        )
    assert Counter(status for status, _ in mixed) == {201: 1, 422: 23}
    shown = requests.get(f"{target.service}/coupons/{target.coupon_id}", timeout=10).json()
    assert (shown["issued"], shown["remaining"]) == (21, 979)
