"""Whether a process lives, holds its port, and how it ended."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import psutil

_POLL_S = 0.02


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not yet collected does not.

    A killed server's first thread is gone before the others, which still hold its files and its port: that is alive.
    """
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
    except psutil.NoSuchProcess:
        return False


def holds_port(pid: int, port: int) -> bool:
    """Whether a process, or a child of it, listens on that TCP port."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return any(_listens(member, port) for member in family)
    except psutil.NoSuchProcess:
        return False


def _listens(process: psutil.Process, port: int) -> bool:
    connections = process.net_connections(kind="tcp")
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def how_it_ended(pid: int) -> str:
    """How a child of this process ended, in words; it is collected by that."""
    try:
        _, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return "the process ended"
    return in_words(os.waitstatus_to_exitcode(status))


def in_words(code: int) -> str:
    """An exit code, minus the signal that ended the process, in words."""
    return f"the process ended with exit code {code}" if code >= 0 else f"the process was ended by signal {-code}"


def exit_code(pid: int, timeout_s: float) -> int | None:
    """The exit code of a child, minus the signal that ended it, None after the time-out."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_POLL_S)
    return None


def wait_gone(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Those that are still there after the time-out."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    while True:
        left = [process for process in left if not _gone(process)]
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(_POLL_S)


def _gone(process: psutil.Process) -> bool:
    if process.is_running() and is_alive(process.pid):
        return False
    how_it_ended(process.pid)  # collects it when it is a child of ours
    return True
