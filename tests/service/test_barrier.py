"""Several workers and one Redis: nobody is open while it is rebuilt, whatever the order of events."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from coupons.barrier import Barrier
from coupons.errors import CannotDecide
from coupons.reservation.shared_rebuild import SharedRebuild


def test_all_close_one_rebuilds_all_open() -> None:
    sent: list[tuple[int, str]] = []
    barrier = Barrier(lambda worker, order: sent.append((worker, order)))
    for worker in (0, 1, 2):
        barrier.join(worker)
    barrier.want(1)
    assert sent == [(0, "close 1"), (2, "close 1")]
    barrier.want(0)
    barrier.leave(2)  # it was killed; nobody waits for it
    assert sent[2:] == [(0, "rebuild")]
    barrier.rebuilt(0, "run")
    assert sent[3:] == [(0, "open 1 run"), (1, "open 1 run")]


def test_a_rebuild_during_which_the_lease_was_lost_counts_for_nothing() -> None:
    sent: list[tuple[int, str]] = []
    barrier = Barrier(lambda worker, order: sent.append((worker, order)))
    barrier.join(0)
    barrier.want(0)
    barrier.distrust()
    barrier.rebuilt(0, "run")
    assert sent[-1] == (0, "failed another service process may be at work")


def test_one_who_has_to_close_again_before_it_could_open_stays_closed() -> None:
    async def scene() -> None:
        own: Any = None
        shared = SharedRebuild(own, lambda word: None)
        asked = asyncio.create_task(shared.all())
        await asyncio.sleep(0)
        shared.hear("close 1")  # crosses the request for the same round
        shared.hear("open 1 run")
        assert await asked == "run"
        asked = asyncio.create_task(shared.all())
        await asyncio.sleep(0)
        shared.hear("open 2 run")
        shared.hear("close 3")
        try:
            await asked
        except CannotDecide:
            return
        raise AssertionError("it would have opened")

    asyncio.run(scene())


def test_a_worker_hears_that_the_lease_is_lost() -> None:
    own: Any = None
    shared, heard = SharedRebuild(own, lambda word: None), []
    shared.lost = heard.append
    shared.hear("beat")
    shared.hear("lost")
    assert len(heard) == 1


class Workers(RuleBasedStateMachine):
    """Three workers whose orders and requests travel in their own order, but at any speed."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = Barrier(lambda worker, order: self.orders[worker].append(order))
        self.orders: dict[int, deque[str]] = {worker: deque() for worker in range(3)}
        self.said: dict[int, deque[str]] = {worker: deque() for worker in range(3)}
        self.alive = dict.fromkeys(range(3), True)
        self.open = dict.fromkeys(range(3), False)
        self.needed = dict.fromkeys(range(3), 0)
        self.asked = dict.fromkeys(range(3), False)
        self.rebuilding: int | None = None
        for worker in range(3):
            self.barrier.join(worker)

    @rule(worker=st.integers(0, 2))
    def lose_faith(self, worker: int) -> None:
        """It closes, comes to rest and asks."""
        if self.alive[worker] and not self.asked[worker]:
            self.open[worker] = False
            self.asked[worker] = True
            self.said[worker].append("want")

    @rule(worker=st.integers(0, 2))
    def deliver_order(self, worker: int) -> None:
        if not self.alive[worker] or not self.orders[worker]:
            return
        word, *rest = self.orders[worker].popleft().split()
        if word == "close":
            self.needed[worker] = int(rest[0])
            self.lose_faith(worker)
        elif word == "rebuild":
            self.rebuilding = worker
        elif word == "open":
            self.asked[worker] = False
            if int(rest[0]) >= self.needed[worker]:
                self.open[worker] = True
            else:
                self.lose_faith(worker)
        else:
            self.asked[worker] = False
            self.lose_faith(worker)

    @rule(worker=st.integers(0, 2))
    def deliver_request(self, worker: int) -> None:
        if self.alive[worker] and self.said[worker]:
            word, *rest = self.said[worker].popleft().split()
            if word == "want":
                self.barrier.want(worker)
            else:
                getattr(self.barrier, word)(worker, *rest)

    @precondition(lambda self: self.rebuilding is not None)
    @rule(word=st.sampled_from(["rebuilt run", "failed why"]))
    def finish(self, word: str) -> None:
        assert self.rebuilding is not None
        self.said[self.rebuilding].append(word)
        self.rebuilding = None

    @rule()
    def lose_lease(self) -> None:
        self.barrier.distrust()

    @rule(worker=st.integers(0, 2))
    def die_and_come_back(self, worker: int) -> None:
        self.barrier.leave(worker)
        self.orders[worker].clear()
        self.said[worker].clear()
        self.rebuilding = None if self.rebuilding == worker else self.rebuilding
        self.open[worker], self.asked[worker], self.needed[worker] = False, False, 0
        self.barrier.join(worker)
        self.lose_faith(worker)

    @invariant()
    def nobody_is_open_during_a_rebuild(self) -> None:
        assert self.rebuilding is None or not any(self.open.values())

    def teardown(self) -> None:
        """Left alone, everybody opens in the end."""
        for worker in range(3):
            self.lose_faith(worker)
        for _ in range(200):
            for worker in range(3):
                self.deliver_order(worker)
                self.deliver_request(worker)
            if self.rebuilding is not None:
                self.finish("rebuilt run")
        assert all(self.open.values()), (self.open, self.asked, self.orders, self.said)


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
