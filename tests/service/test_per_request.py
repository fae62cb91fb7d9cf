"""A transaction per request: what goes wrong before the commit is not written, what goes wrong in it is asked after."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from coupons.decision import Decision, Outcome
from coupons.errors import MaybeWritten, NotWritten
from coupons.lease import Fence
from coupons.service_metrics import ServiceMetrics
from coupons.writers.per_request import TRIES, PerRequestWriter

from .fake_database import Ids, Script, ScriptedPool, ToldSettling, deadlock, duplicate, lock_wait, lost


def write(
    script: Script, *answers: bool | None, metrics: ServiceMetrics | None = None, fence: Fence | None = None
) -> Decision:
    settling = ToldSettling()
    ids: Any = Ids()
    settling.answers = list(answers)

    async def scene() -> Decision:
        pool = ScriptedPool(script)
        told = metrics or ServiceMetrics(CollectorRegistry())
        writer = PerRequestWriter(pool, ids, settling, told, takes_stock=False, fence=fence)
        return await writer.write(1, 2)

    return asyncio.run(scene())


def test_a_row_that_exists_is_already() -> None:
    script = Script()
    script.inserts = [duplicate()]
    assert write(script).outcome is Outcome.ALREADY


def test_a_deadlock_is_tried_again_a_few_times() -> None:
    script = Script()
    script.inserts = [deadlock()] * (TRIES - 1)
    assert write(script).outcome is Outcome.ISSUED
    script.inserts = [deadlock()] * TRIES
    with pytest.raises(NotWritten):
        write(script)
    assert len(script.committed) == 1


@pytest.mark.parametrize("error", [lost(), RuntimeError("a bug")])
def test_what_fails_before_the_commit_is_not_written(error: Exception) -> None:
    script = Script()
    script.inserts = [error]
    with pytest.raises(NotWritten):
        write(script)


@pytest.mark.parametrize("error", [lost(), RuntimeError("a packet that nobody understands")])
def test_once_the_commit_is_sent_the_database_is_asked(error: Exception) -> None:
    for settled, raised in ((False, NotWritten), (None, MaybeWritten)):
        script = Script()
        script.commits = [error]
        with pytest.raises(raised):
            write(script, settled)
    script.commits = [error]
    assert write(script, True).outcome is Outcome.ISSUED


def test_every_try_is_counted_also_one_that_waited_for_a_lock_in_vain() -> None:
    script, metrics = Script(), ServiceMetrics(CollectorRegistry())
    script.inserts, script.takes_s = [lock_wait()] * (TRIES - 1), 0.01
    assert write(script, metrics=metrics).outcome is Outcome.ISSUED
    assert sum(metrics.stages["write"].counts) == TRIES
    assert metrics.stages["write"].total >= TRIES * 0.01


@pytest.mark.parametrize("error", [None, lost(), RuntimeError("a packet that nobody understands")])
def test_every_commit_is_counted_also_one_that_was_not_answered(error: Exception | None) -> None:
    script, metrics = Script(), ServiceMetrics(CollectorRegistry())
    script.commits = [error]
    write(script, True, metrics=metrics)
    assert sum(metrics.stages["commit"].counts) == 1


def test_nothing_is_committed_once_the_lease_is_lost() -> None:
    script, fence = Script(), Fence()
    fence.open = False
    with pytest.raises(NotWritten, match="lease"):
        write(script, fence=fence)
    assert (script.committed, script.pending) == ([], [])
