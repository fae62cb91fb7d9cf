"""Faults of processes: killed and started again, stopped and continued, slowed down."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Protocol, runtime_checkable

import psutil

from rushlab.model.errors import StackError
from rushlab.model.run import Fault
from rushlab.world.faults import SLOW_SHARE, Planned
from rushlab.world.stack.backend import Endpoints, Step, Target
from rushlab.world.stack.endings import wait_gone
from rushlab.world.stack.marks import Running
from rushlab.world.stack.processes import Processes

GONE_S = 10.0
#: A slow process is stopped and continued so often that whoever waits for it sees it slow, never away.
PERIOD_S = 0.1


@runtime_checkable
class Breakable(Protocol):
    """A backend whose processes can be killed and started again."""

    processes: Processes

    def endpoints(self) -> Endpoints:
        """Where the servers listen."""

    def data_folder(self, name: str) -> Path:
        """Where a server keeps its data."""

    def revive(self, name: str, target: Target, step: Step) -> None:
        """Start the process of that name with what it had on disk, wait until it answers; nothing is reset."""


def named(backend: Breakable, name: str) -> list[Running]:
    """The running processes of that name.

    Raises
    ------
    StackError
        There is none.
    """
    running = backend.processes.found()
    found = [one for one in running if one.name == name]
    if not found:
        there_are = ", ".join(sorted({one.name for one in running})) or "no processes"
        raise StackError(f"There is no {name} to be broken", f"there are {there_are}")
    return found


def kill(backend: Breakable, target: Target, one: Planned, over: Event, step: Step) -> Fault:
    """SIGKILL to every process of that name; started again after its time, or when the load is over."""
    victims = named(backend, one.process)
    start = time.time()
    handles = [handle for victim in victims if (handle := _handle(victim)) is not None]
    _send(backend, victims, signal.SIGKILL)
    if wait_gone(handles, GONE_S):
        raise StackError(f"{one.process} is still there {GONE_S:.0f} s after SIGKILL")
    over.wait(one.lasts_s)
    backend.revive(one.process, target, step)
    return Fault(what=one.what, process=one.process, start=start, end=time.time())


def pause(backend: Breakable, target: Target, one: Planned, over: Event, step: Step) -> Fault:
    """Stop the youngest process of that name: of several workers one."""
    victim = max(named(backend, one.process), key=lambda running: running.started)
    start = time.time()
    _send(backend, [victim], signal.SIGSTOP)
    try:
        time.sleep(one.lasts_s)  # also when the load is over: how long it lasts is what is tested
    finally:
        _send(backend, [victim], signal.SIGCONT)
    return Fault(what=one.what, process=one.process, start=start, end=time.time())


def slow(backend: Breakable, target: Target, one: Planned, over: Event, step: Step) -> Fault:
    """Let every process of that name work in short turns only: ten times a second stopped and continued."""
    victims, share = named(backend, one.process), one.share or SLOW_SHARE
    start, until = time.time(), time.monotonic() + one.lasts_s
    try:
        while time.monotonic() < until and not over.is_set():
            _send(backend, victims, signal.SIGSTOP)
            time.sleep(PERIOD_S * share)
            _send(backend, victims, signal.SIGCONT)
            over.wait(PERIOD_S * (1 - share))
    finally:
        _send(backend, victims, signal.SIGCONT)
    return Fault(what=one.what, process=one.process, start=start, end=time.time(), share=share)


def _send(backend: Breakable, victims: Sequence[Running], number: signal.Signals) -> None:
    for victim in victims:
        backend.processes.send(victim, number)


def _handle(running: Running) -> psutil.Process | None:
    try:
        return psutil.Process(running.pid)
    except psutil.NoSuchProcess:
        return None
