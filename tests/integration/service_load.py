"""What the tests of a service under fire share: clients that keep asking, and a look behind the service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import requests
from sqlalchemy import create_engine, text

#: An answer that did not come: reset, refused, cut or too late.
NONE = 0


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about"
        time.sleep(0.02)


def query(stack: Any, statement: str) -> list[Any]:
    engine = create_engine(stack.endpoints.database)
    with engine.connect() as connection:
        rows = list(connection.execute(text(statement)))
    engine.dispose()
    return rows


class Load:
    """Clients that ask for one new user after the other until told to stop; each at one of the service's addresses."""

    def __init__(self, target: Any, *services: str, clients: int = 12, coupon: int | None = None) -> None:
        self.coupon = coupon or target.coupon_id
        self._path = f"/coupons/{self.coupon}/issue"
        self._services = services or (target.service,)
        self._stop = threading.Event()
        self._clients = clients
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]
        self.answers: list[tuple[int, int, float]] = []  # user, status, seconds

    def _ask(self, number: int) -> None:
        url = self._services[number % len(self._services)] + self._path
        with requests.Session() as session:
            for user in range(1 + number, 10**9, self._clients):
                if self._stop.is_set():
                    return
                begun = time.monotonic()
                status = self._one(session, url, user)
                self.answers.append((user, status, time.monotonic() - begun))

    def _one(self, session: requests.Session, url: str, user: int) -> int:
        try:
            answer = session.post(url, json={"user_id": user}, timeout=60)
            assert answer.json()  # whole
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            time.sleep(0.02)
            return NONE
        return answer.status_code

    def users(self, *statuses: int) -> set[int]:
        return {user for user, answered, _ in self.answers if answered in statuses}

    def statuses(self) -> set[int]:
        return {answered for _, answered, _ in self.answers}

    def accepted(self) -> int:
        return len(self.users(201))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def audit(stack: Any, load: Load, stock: int) -> None:
    """I1–I4 and I7: none too many, none twice, no accept lost, no row without a request, one event for each issue."""
    of_coupon = f"WHERE coupon_id = {load.coupon}"
    issued = [user for (user,) in query(stack, f"SELECT user_id FROM issues {of_coupon}")]
    assert len(issued) == len(set(issued)) <= stock
    assert load.users(201) <= set(issued)
    assert set(issued) <= load.users(201, 503, NONE)
    pairs = f"SELECT COUNT(*) FROM issues JOIN outbox USING (event_id, coupon_id, user_id) {of_coupon}"
    assert query(stack, pairs) == query(stack, f"SELECT COUNT(*) FROM outbox {of_coupon}") == [(len(issued),)]


def service_processes(stack: Any) -> tuple[psutil.Process, list[psutil.Process]]:
    """The process of the service that was started, and its workers in their order."""
    found = [psutil.Process(one.pid) for one in stack.backend.processes.found() if one.name == "service"]
    (parent,) = [one for one in found if one.cmdline()[-1] == "coupons.service"]
    workers = [one for one in found if "coupons.service_worker" in one.cmdline()]
    return parent, sorted(workers, key=lambda one: int(one.cmdline()[-4]))


def addresses(target: Any) -> list[str]:
    """Each worker's own address."""
    return [url.removesuffix("/metrics") for url in target.metrics["service"]]
