"""Faults as users write them, and the injector on processes of its own: everything goes on again afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from rushlab.model.errors import StackError, UsageError
from rushlab.world.faults import Injector, Planned, parse_fault
from rushlab.world.stack.backend import Endpoints, Step, Target
from rushlab.world.stack.processes import Launch, Processes

TARGET = Target(service="", coupon_id=1, stock=1, topic="t", group="g", metrics={}, knobs={})
SLEEPER = Launch(name="sleeper", command=(sys.executable, "-c", "import time; time.sleep(300)"))


class Stack:
    """A backend of sleepers."""

    def __init__(self, home: Path) -> None:
        self.processes = Processes(home)
        self.revived: list[str] = []

    def endpoints(self) -> Endpoints:
        return Endpoints(database="", redis="", kafka="", prometheus="")

    def revive(self, name: str, target: Target, step: Step) -> None:
        assert target is TARGET
        self.revived.append(name)
        self.processes.start(SLEEPER)

    def pid(self) -> int:
        (found,) = self.processes.found()
        return found.pid


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path)
    stack.processes.start(SLEEPER)
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
        (" poison@2 ", Planned(what="poison", process="topic", after_s=2)),
    ],
)
def test_a_fault_as_it_is_written(text: str, planned: Planned) -> None:
    assert parse_fault(text) == planned


@pytest.mark.parametrize("text", ["", "kill", "kill@3", "kill:redis", "burn:redis@3", "poison:redis@2", "kill:a b@1"])
def test_what_is_no_fault(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no fault\. A fault is kill:PROCESS"):
        parse_fault(text)


def test_a_killed_process_is_started_again_and_the_fault_recorded(stack: Stack) -> None:
    before, began = stack.pid(), time.time()
    with injected(stack, "kill:sleeper@0+0.2") as injector:
        until(lambda: bool(injector.done))
    assert stack.revived == ["sleeper"]
    assert not psutil.pid_exists(before)
    (fault,) = injector.done
    assert (fault.what, fault.process) == ("kill", "sleeper")
    assert began <= fault.start <= fault.end - 0.2 < time.time()


def test_a_paused_process_goes_on_even_when_the_load_is_over_before(stack: Stack) -> None:
    process = psutil.Process(stack.pid())
    with injected(stack, "pause:sleeper@0+0.5") as injector:
        until(lambda: process.status() == psutil.STATUS_STOPPED)
    assert process.status() != psutil.STATUS_STOPPED
    assert injector.done[0].end - injector.done[0].start >= 0.5


def test_what_was_planned_for_later_than_the_loads_end_is_not_done(stack: Stack) -> None:
    with injected(stack, "kill:sleeper@60", "pause:sleeper@0") as injector:
        until(lambda: bool(injector.done))
    assert [fault.what for fault in injector.done] == ["pause"]


def test_a_process_that_is_not_there_is_an_error_at_the_end(stack: Stack) -> None:
    with pytest.raises(StackError, match="There is no redis to be broken"), injected(stack, "kill:redis@0") as injector:
        injector._thread.join(30)


def test_a_backend_that_cannot_be_broken_says_so() -> None:
    with pytest.raises(UsageError, match="cannot be broken on purpose"):
        Injector(object(), TARGET, [parse_fault("kill:redis@0")], lambda text: None)
    with Injector(object(), TARGET, [], lambda text: None) as injector:
        pass
    assert injector.done == ()
