"""Requests that share a commit: each has its own answer, whatever becomes of the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from coupons import decision
from coupons.decision import Decision, Outcome
from coupons.errors import Busy, CannotDecide, MaybeWritten, NotWritten
from coupons.lease import Fence
from coupons.service_metrics import ServiceMetrics
from coupons.writers import grouped as module

from .fake_database import Script, ToldSettling, deadlock, duplicate, grouped, lost

Answer = Decision | BaseException


def write(script: Script, settling: ToldSettling, users: Sequence[int]) -> list[Answer]:
    """All users at once, in one group."""

    async def scene() -> list[Answer]:
        async with grouped(script, settling) as writer:
            answers: list[Answer] = await asyncio.gather(
                *(writer.write(1, user) for user in users), return_exceptions=True
            )
            return answers

    return asyncio.run(scene())


def kinds(answers: Sequence[Answer]) -> list[object]:
    return [answer.outcome if isinstance(answer, Decision) else type(answer) for answer in answers]


def test_a_group_is_one_commit() -> None:
    script = Script()
    assert kinds(write(script, ToldSettling(), range(5))) == [Outcome.ISSUED] * 5
    assert [row.user_id for row in script.committed] == list(range(5))


def test_when_one_by_one_a_commit_is_lost_only_its_row_may_be_written() -> None:
    script, settling = Script(), ToldSettling()
    script.inserts = [duplicate()]
    script.commits = [None, lost()]
    settling.answers = [None]
    assert kinds(write(script, settling, range(4))) == [Outcome.ISSUED, MaybeWritten, NotWritten, NotWritten]
    assert [row.user_id for row in settling.asked] == [1]
    assert [row.user_id for row in script.committed] == [0]


def test_when_one_by_one_a_row_fails_the_others_are_tried() -> None:
    script = Script()
    script.inserts = [duplicate(), lost(), None, duplicate()]
    answers = write(script, ToldSettling(), range(4))
    assert kinds(answers) == [NotWritten, Outcome.ISSUED, Outcome.ALREADY, Outcome.ISSUED]
    assert answers[2] == decision.ALREADY


def test_a_group_in_a_deadlock_is_written_row_by_row() -> None:
    script = Script()
    script.inserts = [deadlock(), deadlock()]
    assert kinds(write(script, ToldSettling(), range(3))) == [Outcome.ISSUED] * 3


def test_one_by_one_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ALONE_S", 0.0)
    script = Script()
    script.inserts = [duplicate()]
    assert kinds(write(script, ToldSettling(), range(3))) == [Busy] * 3
    assert script.committed == []


@pytest.mark.parametrize("error", [lost(), RuntimeError("a packet that nobody understands")])
@pytest.mark.parametrize(("settled", "kind"), [(True, Outcome.ISSUED), (False, NotWritten), (None, MaybeWritten)])
def test_once_the_commit_is_sent_the_database_is_asked(error: Exception, settled: bool | None, kind: object) -> None:
    script, settling = Script(), ToldSettling()
    script.commits = [error]
    settling.answers = [settled]
    assert kinds(write(script, settling, range(3))) == [kind] * 3


def test_an_error_nobody_thought_of_before_the_commit_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    script = Script()
    script.inserts = [RuntimeError("a bug")]
    assert kinds(write(script, ToldSettling(), range(3))) == [NotWritten] * 3
    assert "a bug" in caplog.text


def test_a_flight_that_is_cancelled_leaves_nobody_without_an_answer_and_nothing_to_give_back() -> None:
    async def scene() -> list[Answer]:
        script = Script()
        script.gate = asyncio.Event()
        async with grouped(script, ToldSettling()) as writer:
            replies = [writer.write(1, user) for user in range(2)]
            while not writer._flights:
                await asyncio.sleep(0)
            for flight in writer._flights:
                flight.cancel()
            answers: list[Answer] = await asyncio.gather(*replies, return_exceptions=True)
            return answers

    assert kinds(asyncio.run(scene())) == [MaybeWritten] * 2


def test_one_who_has_gone_does_not_cost_the_others_their_answer() -> None:
    async def scene() -> list[Answer]:
        script = Script()
        script.gate = asyncio.Event()
        async with grouped(script, ToldSettling()) as writer:
            replies = [writer.write(1, user) for user in range(3)]
            while not writer._flights:
                await asyncio.sleep(0)
            replies[0].cancel()
            script.gate.set()
            answers: list[Answer] = await asyncio.gather(*replies[1:], return_exceptions=True)
            return answers

    assert kinds(asyncio.run(scene())) == [Outcome.ISSUED] * 2


def test_the_wait_for_a_place_is_bounded_while_every_flight_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.02)
    metrics = ServiceMetrics(CollectorRegistry())

    async def scene() -> list[Answer]:
        script = Script()
        script.gate = asyncio.Event()
        async with grouped(script, ToldSettling(), metrics) as writer:
            stuck = []
            while len(writer._flights) < module.GROUPS_IN_FLIGHT:
                stuck.append(writer.write(1, len(stuck)))
                await asyncio.sleep(0.006)
            late: list[Answer] = await asyncio.gather(
                *(writer.write(1, user) for user in (100, 101)), return_exceptions=True
            )
            script.gate.set()
            await asyncio.gather(*stuck, return_exceptions=True)
            return late

    answers = asyncio.run(scene())
    assert kinds(answers) == [Busy] * 2
    assert all(isinstance(answer, CannotDecide) for answer in answers)
    assert sum(metrics.stages["group"].counts) == module.GROUPS_IN_FLIGHT + 2  # a wait that was given up counts too
    assert metrics.stages["group"].total >= 2 * 0.02


def test_statements_that_fail_are_counted_for_every_request_of_the_group() -> None:
    metrics = ServiceMetrics(CollectorRegistry())

    async def scene() -> list[Answer]:
        script = Script()
        script.inserts, script.takes_s = [lost()], 0.02
        async with grouped(script, ToldSettling(), metrics) as writer:
            answers: list[Answer] = await asyncio.gather(
                *(writer.write(1, user) for user in range(3)), return_exceptions=True
            )
            return answers

    assert kinds(asyncio.run(scene())) == [NotWritten] * 3
    assert sum(metrics.stages["write"].counts) == 1
    assert metrics.stages["write"].request_seconds >= 3 * 0.02


def test_nothing_is_committed_once_the_lease_is_lost() -> None:
    script, fence = Script(), Fence()
    script.gate = asyncio.Event()

    async def scene() -> list[Answer]:
        async with grouped(script, ToldSettling(), fence=fence) as writer:
            replies = [writer.write(1, user) for user in range(3)]
            while not writer._flights:
                await asyncio.sleep(0)
            fence.open = False  # while they are being written
            script.gate.set()
            answers: list[Answer] = await asyncio.gather(*replies, return_exceptions=True)
            return answers

    assert kinds(asyncio.run(scene())) == [NotWritten] * 3
    assert (script.committed, script.pending) == ([], [])
