"""Faults as users write them, and the injector on processes of its own: everything goes on again afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import psutil
import pytest

from rushlab.model.errors import StackError, UsageError
from rushlab.world.faults import KINDS, SLOW_SHARE, Planned, What, parse_fault
from rushlab.world.injector import ACTIONS, Injector, prepared
from rushlab.world.stack.backend import Endpoints, Step, Target
from rushlab.world.stack.processes import Launch, Processes

TARGET = Target(service="", coupon_id=1, stock=1, topic="t", group="g", metrics={}, knobs={})
RELAY = Launch(name="relay", command=(sys.executable, "-c", "import time; time.sleep(300)"))


class Stack:
    """A backend whose relay sleeps."""

    def __init__(self, home: Path) -> None:
        self.processes = Processes(home)
        self.revived: list[str] = []

    def endpoints(self) -> Endpoints:
        return Endpoints(database="", redis="", kafka="", prometheus="")

    def data_folder(self, name: str) -> Path:
        return self.processes.home / "servers" / name / "data"

    def revive(self, name: str, target: Target, step: Step) -> None:
        assert target is TARGET
        self.revived.append(name)
        self.processes.start(RELAY)

    def pid(self) -> int:
        (found,) = self.processes.found()
        return found.pid


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path)
    stack.processes.start(RELAY)
    yield stack
    stack.processes.stop(stack.processes.found(), grace_s=1)


def injected(stack: Stack, *texts: str) -> Injector:
    return Injector(stack, TARGET, [parse_fault(text) for text in texts], lambda text: None)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("kill:redis@3+1", Planned(what="kill", process="redis", after_s=3, lasts_s=1)),
        ("pause:consumer-0@0.5+2.5", Planned(what="pause", process="consumer-0", after_s=0.5, lasts_s=2.5)),
        ("kill:service@2", Planned(what="kill", process="service", after_s=2)),
        ("slow:mariadb@3+4", Planned(what="slow", process="mariadb", after_s=3, lasts_s=4, share=SLOW_SHARE)),
        ("slow:consumer-12=0.5@3+4", Planned(what="slow", process="consumer-12", after_s=3, lasts_s=4, share=0.5)),
        ("disk-full:kafka@3+2", Planned(what="disk-full", process="kafka", after_s=3, lasts_s=2)),
        ("rebalance@2+6", Planned(what="rebalance", process="group", after_s=2, lasts_s=6)),
        (" poison@2 ", Planned(what="poison", process="topic", after_s=2)),
    ],
)
def test_a_fault_as_it_is_written(text: str, planned: Planned) -> None:
    assert parse_fault(text) == planned


@pytest.mark.parametrize("text", ["", "kill", "kill:redis", "kill:a b@1", "kill:redis@x", "slow:redis=@3+1", "@3"])
def test_what_has_not_the_form_of_a_fault(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no fault\. A fault is kill:PROCESS@SECONDS\+SECONDS, .*poison@SECONDS"):
        parse_fault(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("burn:redis@3", "there is no burn, there are kill, pause, slow, disk-full, rebalance, poison"),
        ("kill@3", "kill names a process, there are service, relay, consumer-0, mariadb, redis, kafka, prometheus"),
        ("kill:mysql@3", "there is no mysql for kill, there are service, relay, consumer-0, mariadb, redis, kafka"),
        ("kill:consumer@3", "there is no consumer for kill, there are service, relay, consumer-0"),
        ("disk-full:redis@3+2", "there is no redis for disk-full, there are mariadb, kafka"),
        ("poison:redis@2", "poison names no process"),
        ("rebalance:group@2+3", "rebalance names no process"),
        ("poison@2+3", "poison is over at once"),
        ("rebalance@2", "rebalance says how long it lasts"),
        ("slow:redis@2", "slow says how long it lasts"),
        ("disk-full:kafka@2+0", "disk-full says how long it lasts"),
        ("kill:redis=0.5@2+1", "only slow has a share, kill has none"),
        ("slow:redis=1@2+1", "the share lies between 0.1 and 0.95"),
        ("slow:redis=0.05@2+1", "the share lies between 0.1 and 0.95"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_that_lists_what_there_is(text: str, why: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_fault(text)
    assert told.value.why.startswith(why)
    assert all(kind.written in told.value.sentence for kind in KINDS.values())


def test_every_fault_that_can_be_written_can_be_brought_about() -> None:
    assert ACTIONS.keys() == KINDS.keys() == set(get_args(What))


def test_a_killed_process_is_started_again_and_the_fault_recorded(stack: Stack) -> None:
    before, began = stack.pid(), time.time()
    with injected(stack, "kill:relay@0+0.2") as injector:
        until(lambda: bool(injector.done))
    assert stack.revived == ["relay"]
    assert not psutil.pid_exists(before)
    (fault,) = injector.done
    assert (fault.what, fault.process) == ("kill", "relay")
    assert began <= fault.start <= fault.end - 0.2 < time.time()


def test_a_paused_process_goes_on_even_when_the_load_is_over_before(stack: Stack) -> None:
    process = psutil.Process(stack.pid())
    with injected(stack, "pause:relay@0+0.5") as injector:
        until(lambda: process.status() == psutil.STATUS_STOPPED)
    assert process.status() != psutil.STATUS_STOPPED
    assert injector.done[0].end - injector.done[0].start >= 0.5


def test_what_was_planned_for_later_than_the_loads_end_is_not_done(stack: Stack) -> None:
    with injected(stack, "kill:relay@60", "pause:relay@0") as injector:
        until(lambda: bool(injector.done))
    assert [fault.what for fault in injector.done] == ["pause"]


def test_a_process_that_is_not_there_is_an_error_before_the_load(stack: Stack) -> None:
    planned = [parse_fault("poison@0"), parse_fault("kill:redis@0")]
    with (
        pytest.raises(UsageError, match=r"There is no redis to be broken: there are relay"),
        prepared(stack, TARGET, planned, lambda text: None),
    ):
        pytest.fail("the load began")


def test_a_process_that_is_gone_when_its_turn_comes_is_an_error_at_the_end(stack: Stack) -> None:
    with (
        pytest.raises(StackError, match="There is no relay to be broken: there are no processes"),
        injected(stack, "kill:relay@0.5") as injector,
    ):
        stack.processes.stop(stack.processes.found(), grace_s=1)
        injector._thread.join(30)


def test_a_slow_process_works_in_turns_and_goes_on_afterwards(stack: Stack) -> None:
    process = psutil.Process(stack.pid())
    with injected(stack, "slow:relay=0.5@0+60") as injector:
        for _ in range(3):
            until(lambda: process.status() == psutil.STATUS_STOPPED)
            until(lambda: process.status() != psutil.STATUS_STOPPED)
    assert process.status() != psutil.STATUS_STOPPED
    (fault,) = injector.done
    assert (fault.what, fault.process, fault.share) == ("slow", "relay", 0.5)
    assert fault.end - fault.start < 60, "the load was over"


def test_a_slow_process_is_slow_for_its_time_only(stack: Stack) -> None:
    process = psutil.Process(stack.pid())
    with injected(stack, "slow:relay@0+0.4") as injector:
        until(lambda: bool(injector.done))
        assert process.status() != psutil.STATUS_STOPPED
    assert injector.done[0].end - injector.done[0].start >= 0.4
    assert injector.done[0].share == SLOW_SHARE


def test_a_backend_that_cannot_be_broken_says_so() -> None:
    with (
        pytest.raises(UsageError, match="cannot be broken on purpose"),
        prepared(object(), TARGET, [parse_fault("kill:redis@0")], lambda text: None),
    ):
        pytest.fail("the load began")


def test_without_faults_any_backend_will_do() -> None:
    with (
        prepared(object(), TARGET, [], lambda text: None),
        Injector(object(), TARGET, [], lambda text: None) as injector,
    ):
        pass
    assert injector.done == ()
