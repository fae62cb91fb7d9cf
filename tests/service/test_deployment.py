"""The deployment of several workers: nothing is rebuilt without the lease, and no worker is replaced for ever."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast

import pytest
from starlette.applications import Starlette

from coupons import deployment, serving, settings
from coupons.deployment import Deployment
from coupons.errors import KeepsEnding

Orders = list[tuple[int, str]]


class Wire:
    """A worker's link that keeps what was written."""

    def __init__(self, worker: int, orders: Orders) -> None:
        self._worker = worker
        self._orders = orders

    def is_closing(self) -> bool:
        return False

    def write(self, line: bytes) -> None:
        self._orders.append((self._worker, line.decode().rstrip("\n")))


class Scene:
    """A deployment with two workers that live, and a lease that is there as long as it is said to be."""

    def __init__(self, *, held: bool) -> None:
        self.orders: Orders = []
        self.held = held
        self.deployment: Any = Deployment(settings.load({"COUPONS_WORKERS": "2"}), cast(socket.socket, None))
        self.deployment._lease = self
        for worker in (0, 1):
            self.deployment._links[worker] = Wire(worker, self.orders)
            self.deployment._barrier.join(worker)

    def say(self, *lines: tuple[int, str]) -> None:
        async def hear() -> None:
            for worker, line in lines:
                reader = asyncio.StreamReader()
                reader.feed_data(f"{line}\n".encode())
                reader.feed_eof()
                await self.deployment._listen(worker, reader)

        asyncio.run(hear())


def test_nothing_is_rebuilt_without_the_lease() -> None:
    scene = Scene(held=False)
    scene.say((0, "want"), (1, "want"))
    why = "failed another service process may be at work"
    assert scene.orders == [(1, "close 1"), (0, why), (1, why)]


def test_a_rebuild_is_ordered_once_the_lease_is_there_again() -> None:
    scene = Scene(held=False)
    scene.say((0, "want"), (1, "want"))
    scene.orders.clear()
    scene.held = True
    scene.say((0, "want"), (1, "want"), (0, "rebuilt run"))
    assert scene.orders == [(1, "close 2"), (0, "rebuild"), (0, "open 2 run"), (1, "open 2 run")]


@pytest.mark.parametrize("word", ["rebuilt run", "failed Redis does not answer"])
def test_a_rebuild_that_ends_without_the_lease_opens_nobody(word: str) -> None:
    scene = Scene(held=True)
    scene.say((0, "want"), (1, "want"))
    scene.held = False
    scene.say((0, word))
    assert [order.split()[0] for _, order in scene.orders] == ["close", "rebuild", "failed", "failed"]


def test_a_lost_lease_closes_every_worker_and_shuts_it_out() -> None:
    scene = Scene(held=False)
    scene.deployment._lease_lost("the database has freed it")
    assert scene.orders == [(0, "close 1"), (1, "close 1"), (0, "lost"), (1, "lost")]


class Lives:
    """A worker that ends each of its lives with 3, in some of them after it was ready; the last one is stopped."""

    def __init__(self, told: Deployment, ready: Iterator[bool]) -> None:
        self.told: Any = told
        self.ready = ready
        self.lived = 0

    async def one(self, index: int) -> int:
        self.lived += 1
        ready = next(self.ready, None)
        if ready is None:
            self.told._stopping.set()
        reader = asyncio.StreamReader()
        reader.feed_data(b"ready\n" if ready else b"want\n")
        reader.feed_eof()
        await self.told._listen(index, reader)
        return 3


def lives(monkeypatch: pytest.MonkeyPatch, ready: str) -> tuple[Lives, Any]:
    """`r` = it was ready in that life."""
    monkeypatch.setattr(deployment, "REPLACE_PAUSE_S", 0)
    told: Any = Deployment(settings.load({"COUPONS_WORKERS": "2"}), cast(socket.socket, None))
    worker = Lives(told, iter([letter == "r" for letter in ready]))
    monkeypatch.setattr(told, "_live", worker.one)
    return worker, told


def test_a_worker_that_never_gets_ready_ends_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, told = lives(monkeypatch, "r......")
    with pytest.raises(KeepsEnding, match="Worker 1 of the service ended 5 times before it was ready, at last with 3"):
        asyncio.run(told._keep_worker(1))
    assert worker.lived == 6


def test_a_worker_that_was_ready_is_replaced_however_often_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, told = lives(monkeypatch, "....r....r....r")
    asyncio.run(told._keep_worker(1))
    assert worker.lived == 16


def test_the_server_tells_when_it_serves() -> None:
    server = serving.Server(serving.uvicorn.Config(Starlette(), log_level="warning"))
    seen: list[bool] = []

    def begun() -> None:
        seen.append(server.started)
        server.should_exit = True

    server.begun = begun
    with closing(serving.listen("127.0.0.1", 0)) as listener:
        asyncio.run(asyncio.wait_for(server.serve([listener]), 10))
    assert seen == [True]
