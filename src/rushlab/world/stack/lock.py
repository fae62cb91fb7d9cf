"""One workbench per folder: an advisory lock that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from rushlab.model.errors import Locked
from rushlab.world.files import decoded, printable, storage
from rushlab.world.stack.files import make_folder

#: A workbench that is killed while it starts a process leaves its lock to that process until it executes its program.
_PATIENCE_S = 2.0


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the lock."""

    pid: int
    started: float  # epoch seconds of the process's start
    since: float  # epoch seconds of taking the lock
    command: str


@contextmanager
def workbench_lock(home: Path) -> Iterator[None]:
    """Hold `<home>/lock`; the kernel frees it with the process, so a dead workbench is no obstacle.

    Taking it again within the same process is allowed and changes nothing.

    Raises
    ------
    Locked
        Another workbench works in this folder.
    """
    make_folder(home)
    with storage(home / "lock"):
        descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if _take(descriptor, home):
            _write(descriptor)
        yield
    finally:
        os.close(descriptor)  # closing frees it


def _take(descriptor: int, home: Path) -> bool:
    """True when taken, False when this process has it already."""
    deadline = time.monotonic() + _PATIENCE_S
    while not _try(descriptor):
        holder = _read(descriptor)
        if holder is not None and holder.pid == os.getpid() and _lives(holder):
            return False
        if time.monotonic() >= deadline or (holder is not None and _lives(holder)):
            raise _locked(holder, home)
        time.sleep(0.02)
    return True


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(holder: Holder) -> bool:
    try:
        process = psutil.Process(holder.pid)
        return process.create_time() == holder.started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _write(descriptor: int) -> None:
    me = psutil.Process()
    holder = Holder(pid=me.pid, started=me.create_time(), since=time.time(), command=printable(" ".join(sys.argv)))
    with suppress(OSError):  # on a full disk the lock itself still holds; only its description is missing
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(holder), 0)


def _read(descriptor: int) -> Holder | None:
    try:
        return decoded(os.pread(descriptor, 64 * 1024, 0), Holder)
    except msgspec.DecodeError:
        return None  # its holder is about to write it


def _locked(holder: Holder | None, home: Path) -> Locked:
    if holder is None:
        who = "another process has just begun to work there"
    else:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.since))
        who = f"process {holder.pid} works there since {since} ({holder.command})"
    return Locked(
        f"The folder {home.parent} is in use", who, "Wait until it ends, stop it with Ctrl-C, or use another checkout."
    )
