"""The deployment of several workers: nothing is rebuilt without the lease."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import pytest

from coupons import settings
from coupons.deployment import Deployment

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
