"""CPU seconds by process: of those that are there, of one that comes later, of one that is killed, of k6's end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from rushlab.world import cpu
from rushlab.world.cpu import CpuMeter
from rushlab.world.stack.backend import ServerStatus

BURN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('burnt', flush=True)\ninput()"


def burner(seconds: float) -> subprocess.Popen[str]:
    """A process that has used so much CPU once it has said a line, and then waits."""
    command = [sys.executable, "-c", BURN.format(seconds=seconds)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Stack:
    """Names processes as a backend does."""

    def __init__(self) -> None:
        self.processes: list[tuple[str, int | None]] = []

    def __call__(self) -> list[ServerStatus]:
        return [
            ServerStatus(name=name, state="running", pid=pid, port=None, version=None) for name, pid in self.processes
        ]


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        with process:
            process.kill()


def test_what_was_used_before_is_not_counted_and_workers_of_one_name_are_added_up(started: list) -> None:
    old = burner(0.3)
    started.append(old)
    old.stdout.readline()
    stack = Stack()
    stack.processes = [("service", old.pid)]
    with CpuMeter(stack) as meter:
        started += [burner(0.2), burner(0.2)]
        stack.processes += [("service", started[1].pid), ("relay", started[2].pid), ("redis", None)]
        for process in started[1:]:
            process.stdout.readline()
    seconds, reason = meter.seconds(k6=1.5)
    assert reason is None
    assert 0.18 < seconds["service"] < 0.29  # 0.5 with what the first one had used before
    assert seconds["relay"] > 0.18
    assert seconds["k6"] == 1.5
    assert seconds["host"] > 0.3
    assert set(seconds) == {"service", "relay", "k6", "workbench", "host"}


def test_a_process_that_is_killed_meanwhile_counts_until_it_was_last_seen(started: list, monkeypatch) -> None:
    monkeypatch.setattr(cpu, "SAMPLE_S", 0.01)
    stack, victim = Stack(), burner(0.2)
    started.append(victim)
    stack.processes = [("relay", victim.pid)]
    seen: list[float] = []
    reading = cpu.used_by
    monkeypatch.setattr(cpu, "used_by", lambda process: seen.append(reading(process)) or seen[-1])
    with CpuMeter(stack) as meter:
        victim.stdout.readline()
        deadline = time.monotonic() + 30
        while max(seen) < 0.18:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with victim:
            victim.kill()
    seconds, _ = meter.seconds(k6=0.0)
    assert seconds["relay"] > 0.15


def test_a_stack_of_another_machine_is_unknown_with_a_reason() -> None:
    stack = Stack()
    stack.processes = [("service", None)]
    with CpuMeter(stack) as meter:
        pass
    assert meter.seconds(k6=1.0) == (None, cpu.FOREIGN)


def test_a_k6_that_was_not_seen_to_end_leaves_nothing_known(started: list) -> None:
    started.append(burner(0))
    stack = Stack()
    stack.processes = [("service", started[0].pid)]
    with CpuMeter(stack) as meter:
        pass
    seconds, reason = meter.seconds(k6=None)
    assert seconds is None
    assert "k6" in reason


def test_a_process_that_ended_and_is_not_collected_still_tells(started: list) -> None:
    process = burner(0.2)
    started.append(process)
    process.stdout.readline()
    process.stdin.close()
    handle = psutil.Process(process.pid)
    deadline = time.monotonic() + 30
    while handle.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert cpu.used_by(handle) > 0.18
