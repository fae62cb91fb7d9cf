"""The reservation around the commit: what is given back, what stays reserved, and when Redis is no longer believed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from coupons import decision
from coupons.decision import Decision, Outcome
from coupons.errors import Busy, CannotDecide, MaybeWritten, NotWritten
from coupons.metrics import Counter
from coupons.reservation import takes, trust
from coupons.reservation.atomic import Atomic
from coupons.reservation.trust import Trust
from coupons.writers.statements import Row, now

from .fake_database import Script, ToldSettling, duplicate, grouped, lost

Act = Callable[[int], Awaitable[Any]]


class Redis:
    async def aclose(self) -> None: ...


class Stock:
    """Takes with its stock in memory; `fails` is raised by the next call."""

    def __init__(self, stock: int) -> None:
        self.redis: Any = Redis()
        self.left = stock
        self.users: set[int] = set()
        self.known = True
        self.fails: Exception | None = None
        self.fails_to_give_back: Exception | None = None

    async def take(self, coupon_id: int, user_id: int) -> int:
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        if not self.known:
            return takes.MISSING
        if user_id in self.users:
            return takes.ALREADY
        if not self.left:
            return takes.SOLD_OUT
        self.left -= 1
        self.users.add(user_id)
        return takes.TAKEN

    async def give_back(self, coupon_id: int, users: list[int]) -> int:
        await asyncio.sleep(0)
        if self.fails_to_give_back is not None:
            raise self.fails_to_give_back
        given = len(self.users & set(users))
        self.users -= set(users)
        self.left += given
        return given


class Rebuilds:
    """Counts the rebuilds; each waits for `gate`."""

    def __init__(self) -> None:
        self.done = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: list[Exception] = []

    async def all(self) -> str:
        await self.gate.wait()
        if self.fails:
            raise self.fails.pop()
        self.done += 1
        return "run"

    async def close(self) -> None: ...


class Writer:
    """Does what the test says."""

    def __init__(self, act: Act) -> None:
        self.act = act

    async def write(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        decided: Decision = await self.act(user_id)
        return decided

    async def close(self) -> None: ...


class Tables:
    async def exists(self, coupon_id: int) -> bool:
        return coupon_id == 1


class Bench:
    """An Atomic with everything around it in memory."""

    def __init__(self, writer: Any, stock: int = 10) -> None:
        self.stock, self.rebuilds, self.given_back = Stock(stock), Rebuilds(), Counter()
        self.trust = Trust(self.rebuilds, Counter())  # type: ignore[arg-type]
        scripts: Any = self.stock
        tables: Any = Tables()
        self.atomic = Atomic(scripts, self.trust, writer, tables, self.given_back)

    async def issue(self, user: int, coupon: int = 1) -> object:
        """The outcome, or the type of what was raised."""
        try:
            return (await self.atomic.issue(coupon, user)).outcome
        except (CannotDecide, RuntimeError) as error:
            return type(error)


def run(act: Act, scene: Callable[[Bench], Awaitable[None]], stock: int = 10) -> None:
    async def whole() -> None:
        bench = Bench(Writer(act), stock)
        await bench.atomic.start()
        await scene(bench)
        await bench.atomic.close()

    asyncio.run(whole())


async def fine(user: int) -> Decision:
    await asyncio.sleep(0)
    return decision.issued(user)


def raising(error: Exception) -> Act:
    async def act(user: int) -> Decision:
        await asyncio.sleep(0)
        raise error

    return act


def test_the_stock_is_sold_once() -> None:
    async def scene(bench: Bench) -> None:
        answers = [await bench.issue(user) for user in (1, 2, 1, 3)]
        assert answers == [Outcome.ISSUED, Outcome.ISSUED, Outcome.ALREADY, Outcome.SOLD_OUT]
        assert len(bench.trust.undecided) == 0

    run(fine, scene, stock=2)


@pytest.mark.parametrize("error", [NotWritten("no"), Busy("no")])
def test_what_was_not_written_is_given_back(error: Exception) -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.issue(1) is type(error)
        assert (bench.stock.left, bench.stock.users) == (10, set())
        assert bench.given_back.value == 1
        assert bench.trust.open
        assert len(bench.trust.undecided) == 0

    run(raising(error), scene)


def test_a_give_back_that_fails_ends_the_trust() -> None:
    async def scene(bench: Bench) -> None:
        for error in (CannotDecide("Redis does not answer"), RuntimeError("a bug")):
            bench.stock.fails_to_give_back = error
            assert await bench.issue(1) is NotWritten
            assert not bench.trust.open
            await bench.trust.rebuilt()
            bench.stock.users.clear()
        assert bench.rebuilds.done == 3
        assert bench.given_back.value == 0

    run(raising(NotWritten("no")), scene)


@pytest.mark.parametrize("error", [CannotDecide("Redis does not answer"), RuntimeError("a bug")])
def test_a_reservation_that_is_not_answered_ends_the_trust(error: Exception) -> None:
    async def scene(bench: Bench) -> None:
        bench.stock.fails = error
        assert await bench.issue(1) is type(error)
        assert await bench.issue(2) is CannotDecide
        await bench.trust.rebuilt()
        bench.stock.fails = None
        assert await bench.issue(2) is Outcome.ISSUED

    run(fine, scene)


def test_a_stock_that_is_not_there_is_looked_up() -> None:
    async def scene(bench: Bench) -> None:
        bench.stock.known = False
        assert await bench.issue(1, coupon=2) is Outcome.UNKNOWN_COUPON
        assert bench.trust.open
        assert await bench.issue(1) is CannotDecide
        assert not bench.trust.open

    run(fine, scene)


@pytest.mark.parametrize("written", [True, False])
def test_a_rebuild_waits_until_a_lost_commit_is_settled(written: bool) -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.issue(1) is MaybeWritten
        assert await bench.issue(1) is CannotDecide  # not "already": nobody knows
        assert (len(bench.trust.undecided), bench.stock.users) == (1, {1})
        bench.trust.distrust("a test")
        await asyncio.sleep(3 * trust.QUIET_POLL_S)
        assert bench.rebuilds.done == 1
        bench.atomic.settled(Row(1, 1, 1, now()), written)
        await bench.trust.rebuilt()
        assert bench.rebuilds.done == 2
        assert bench.stock.users == ({1} if written else set())
        assert len(bench.trust.undecided) == 0

    run(raising(MaybeWritten("lost")), scene)


def test_a_commit_that_is_settled_before_its_request_knows_leaves_nothing_behind() -> None:
    async def whole() -> None:
        async def act(user: int) -> Decision:
            bench.atomic.settled(Row(1, user, 1, now()), False)
            await asyncio.sleep(0.01)
            raise MaybeWritten("lost")

        bench = Bench(Writer(act))
        await bench.atomic.start()
        assert await bench.issue(1) is MaybeWritten
        assert (len(bench.trust.undecided), bench.stock.left) == (0, 10)
        await bench.atomic.close()

    asyncio.run(whole())


def test_a_second_request_of_a_user_is_told_what_became_of_the_first() -> None:
    gates: dict[int, asyncio.Future[Decision]] = {}

    async def act(user: int) -> Decision:
        gates[user] = asyncio.get_running_loop().create_future()
        return await gates[user]

    async def scene(bench: Bench) -> None:
        async def both(user: int) -> list[asyncio.Task[object]]:
            tasks = [asyncio.create_task(bench.issue(user)) for _ in range(3)]
            while user not in gates:
                await asyncio.sleep(0)
            return tasks

        tasks = await both(1)
        assert not any(task.done() for task in tasks)
        gates[1].set_result(decision.issued(1))
        assert await asyncio.gather(*tasks) == [Outcome.ISSUED, Outcome.ALREADY, Outcome.ALREADY]

        tasks = await both(2)
        gates[2].set_exception(NotWritten("no"))
        assert await asyncio.gather(*tasks) == [NotWritten, CannotDecide, CannotDecide]
        assert bench.stock.users == {1}

        tasks = await both(3)
        gates[3].set_exception(MaybeWritten("lost"))
        assert await asyncio.gather(*tasks) == [MaybeWritten, CannotDecide, CannotDecide]
        bench.atomic.settled(Row(1, 3, 1, now()), True)
        await asyncio.sleep(0.01)
        assert await bench.issue(3) is Outcome.ALREADY

    run(act, scene)


def test_one_who_shares_and_goes_away_does_not_take_the_outcome_with_him() -> None:
    gate: list[asyncio.Future[Decision]] = []

    async def act(user: int) -> Decision:
        gate.append(asyncio.get_running_loop().create_future())
        return await gate[0]

    async def scene(bench: Bench) -> None:
        first, gone, other = [asyncio.create_task(bench.issue(1)) for _ in range(3)]
        while not gate:
            await asyncio.sleep(0)
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        gate[0].set_result(decision.issued(1))
        assert await asyncio.gather(first, other) == [Outcome.ISSUED, Outcome.ALREADY]

    run(act, scene)


def test_a_request_that_is_cancelled_in_its_commit_keeps_rebuilds_away() -> None:
    async def scene(bench: Bench) -> None:
        task = asyncio.create_task(bench.issue(1))
        while 1 not in bench.stock.users:
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert len(bench.trust.undecided) == 1

    async def forever(user: int) -> Decision:
        return await asyncio.get_running_loop().create_future()

    run(forever, scene)


def test_a_rebuild_that_fails_begins_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(trust, "PAUSE_S", 0.001)

    async def scene(bench: Bench) -> None:
        bench.rebuilds.fails = [CannotDecide("Redis does not answer"), RuntimeError("a bug")]
        bench.trust.distrust("a test")
        await bench.trust.rebuilt()
        assert bench.trust.open
        assert "a bug" in caplog.text

    run(fine, scene)


def test_while_redis_is_rebuilt_nothing_is_decided() -> None:
    async def scene(bench: Bench) -> None:
        bench.rebuilds.gate.clear()
        bench.trust.distrust("a test")
        assert await bench.issue(1) is CannotDecide
        assert not await bench.atomic.ready()
        bench.rebuilds.gate.set()
        await bench.trust.rebuilt()
        assert await bench.issue(1) is Outcome.ISSUED

    run(fine, scene)


def test_without_the_lease_nothing_is_given_back_to_a_redis_that_may_be_anothers() -> None:
    """The other service has rebuilt Redis, and the same user has got a coupon there meanwhile."""

    async def whole() -> None:
        async def act(user: int) -> Decision:
            bench.trust.lease_lost("a test")
            raise NotWritten("this process has lost its lease of the database")

        bench = Bench(Writer(act))
        await bench.atomic.start()
        bench.rebuilds.gate.clear()
        assert await bench.issue(1) is NotWritten
        assert (bench.stock.users, bench.given_back.value) == ({1}, 0)
        assert (bench.trust.open, bench.trust.fence.open) == (False, False)
        await bench.atomic.close()

    asyncio.run(whole())


def test_a_lost_lease_lets_commits_through_again_only_after_a_rebuild_that_began_later() -> None:
    async def scene(bench: Bench) -> None:
        bench.rebuilds.gate.clear()
        bench.trust.distrust("a test")
        await asyncio.sleep(2 * trust.QUIET_POLL_S)  # the rebuild is under way
        bench.trust.lease_lost("a test")
        assert not bench.trust.fence.open
        bench.rebuilds.gate.set()
        await bench.trust.rebuilt()
        assert (bench.trust.open, bench.trust.fence.open) == (True, True)
        assert bench.rebuilds.done == 1 + 2

    run(fine, scene)


def test_a_redis_that_is_not_believed_keeps_nobody_from_committing() -> None:
    async def scene(bench: Bench) -> None:
        bench.rebuilds.gate.clear()
        bench.trust.distrust("a test")
        assert bench.trust.fence.open
        bench.rebuilds.gate.set()

    run(fine, scene)


def test_a_group_whose_rows_were_not_all_tried_leaves_nothing_in_flight() -> None:
    async def whole() -> None:
        script, settling = Script(), ToldSettling()
        script.inserts = [duplicate()]
        script.commits = [lost()]
        settling.answers = [None]
        async with grouped(script, settling) as writer:
            bench = Bench(writer)
            settling.resolved = bench.atomic.settled
            await bench.atomic.start()
            answers = await asyncio.gather(*(bench.issue(user) for user in (1, 2, 3)))
            assert answers == [MaybeWritten, NotWritten, NotWritten]
            assert (len(bench.trust.undecided), bench.stock.users) == (1, {1})
            settling.resolve(lambda row: True)
            bench.trust.distrust("a test")
            await asyncio.wait_for(bench.trust.rebuilt(), 5)
            assert len(bench.trust.undecided) == 0
            assert bench.rebuilds.done == 2
            await bench.atomic.close()

    asyncio.run(whole())


def _another_worker_holds(user: int, *, becomes: bool, stock: int = 0) -> tuple[Decision, Bench]:
    """A request of a user whose earlier one another worker is writing: it is committed, or given back."""

    async def scene() -> tuple[Decision, Bench]:
        bench = Bench(Writer(lambda user: _issued(5)), stock=stock)
        bench.stock.users.add(user)
        written: list[int] = []

        async def issue(coupon_id: int, user_id: int) -> Any:
            return written or None

        bench.atomic._tables.issue = issue  # type: ignore[method-assign]
        bench.atomic._alone = False
        bench.trust.open = True
        asked = asyncio.create_task(bench.atomic.issue(1, user))
        await asyncio.sleep(0.01)
        assert not asked.done()
        if becomes:
            written.append(1)
        else:
            await bench.stock.give_back(1, [user])
        return await asyncio.wait_for(asked, 5), bench

    return asyncio.run(scene())


async def _issued(event: int) -> Decision:
    return decision.issued(event)


def test_a_user_whose_request_another_worker_commits_has_one_already() -> None:
    decided, _ = _another_worker_holds(7, becomes=True)
    assert decided == decision.ALREADY


def test_a_user_whose_request_another_worker_gives_back_can_have_it() -> None:
    decided, bench = _another_worker_holds(7, becomes=False)
    assert decided == decision.issued(5)
    assert bench.stock.left == 0
