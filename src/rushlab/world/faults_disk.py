"""A full disk: a server's data lies on a file system of its own while the load runs, and that has no room for a while.

The file system is in memory (tmpfs) and mounted over the data folder, so nobody else's disk is ever filled, and the
folder beneath stays whole until the data is moved back. Mounting takes a user who may do it: root, as a rule.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import psutil

from rushlab.model.errors import StackError, UsageError
from rushlab.model.run import Fault
from rushlab.world.faults import Planned
from rushlab.world.faults_processes import Breakable
from rushlab.world.files import storage
from rushlab.world.stack.backend import Step, Target
from rushlab.world.stack.mounts import DEVICE, run_tool, unmount

#: What the data may grow by while the disk is not full.
ROOM_BYTES = 1024**3
GRACE_S = 20.0
#: How the servers' logs tell of a full disk.
NO_ROOM = re.compile(rb"No space left on device|The table '.*' is full|failed with error 28")
#: A server goes on writing while the size of its disk is set to what is in use.
ATTEMPTS = 20


def fill(backend: Breakable, target: Target, one: Planned, over: Event, step: Step) -> Fault:
    """Leave a server's small disk no free block for a while, then give it room again and see that the server is up.

    The fault's count is how often the server's log told of it: 0 when it needed no room meanwhile.
    """
    data, log = backend.data_folder(one.process), backend.processes.log(one.process)
    stats = os.statvfs(data)
    start, told_before = time.time(), len(NO_ROOM.findall(_read(log)))
    make_full(data)
    try:
        over.wait(one.lasts_s)
    finally:
        _mount("-o", f"remount,size={stats.f_blocks * stats.f_frsize}", str(data))
    count = max(0, len(NO_ROOM.findall(_read(log))) - told_before)
    if not count:
        step(f"{one.process} needed no room while its disk was full")
    backend.revive(one.process, target, step)  # a broker ends itself when it cannot write
    return Fault(what=one.what, process=one.process, start=start, end=time.time(), count=count)


@contextmanager
def small_disk(backend: Breakable, target: Target, name: str, step: Step) -> Iterator[None]:
    """A server's data on a file system of its own while this is entered; it is stopped for each of the two moves.

    Raises
    ------
    UsageError
        This user may not mount a file system, or there is not enough memory for the data.
    StackError
        The server did not come up again.
    StorageError
        The data could not be copied.
    """
    data = backend.data_folder(name)
    small = data.with_name("small")
    if os.path.ismount(data) or os.path.ismount(small):  # a workbench was killed
        _while_stopped(backend, target, name, step, lambda: _unmount(data, small))
    _make_small(name, data, small)
    try:
        step(f"moving the data of {name} to a disk of its own")
        _while_stopped(backend, target, name, step, lambda: _move_in(data, small))
        yield
    finally:
        step(f"moving the data of {name} back")
        _while_stopped(backend, target, name, step, lambda: _move_back(data, small))


def make_full(folder: Path) -> None:
    """Make a mounted tmpfs as small as what it holds.

    Raises
    ------
    StackError
        It grew faster than its size could be set.
    """
    problem = ""
    for _ in range(ATTEMPTS):
        stats = os.statvfs(folder)
        try:
            _mount("-o", f"remount,size={(stats.f_blocks - stats.f_bfree) * stats.f_frsize}", str(folder))
        except StackError as error:
            problem = error.why
        else:
            return
    raise StackError("The disk could not be made full", problem)


def _read(log: Path) -> bytes:
    """A server's log; logs are kept short."""
    try:
        return log.read_bytes()
    except FileNotFoundError:
        return b""


def _make_small(name: str, data: Path, small: Path) -> None:
    size = sum(path.lstat().st_size for path in data.rglob("*") if path.is_file()) + ROOM_BYTES
    instead = "Leave disk-full out, or run it where these can be had."
    if size > psutil.virtual_memory().available:
        why = f"it takes {size / 1024**3:.1f} GiB of memory, and less is free"
        raise UsageError(f"{name} cannot have a disk of its own to be filled", why, instead)
    with storage(small):
        small.mkdir(mode=0o700, exist_ok=True)
    try:
        _mount("-t", "tmpfs", "-o", f"size={size},mode=700", DEVICE, str(small))
    except StackError as error:
        small.rmdir()
        why = f"that takes a user who may mount a file system, usually root ({error.why})"
        raise UsageError(f"{name} cannot have a disk of its own to be filled", why, instead) from error


def _move_in(data: Path, small: Path) -> None:
    with storage(small):
        _copy(data, small)
    _mount("--bind", str(small), str(data))


def _move_back(data: Path, small: Path) -> None:
    """The copy is whole before it takes the place of what was there, which then stays whole until it is put aside.

    Without a move there is nothing to copy.
    """
    if os.path.ismount(data):
        unmount(data)
        back, old = data.with_name("back"), data.with_name("old")
        with storage(data):
            for half in (back, old):
                shutil.rmtree(half, ignore_errors=True)
            _copy(small, back)
            data.rename(old)
            back.rename(data)
            shutil.rmtree(old)
    _unmount(data, small)


def _unmount(data: Path, small: Path) -> None:
    for folder in (data, small):
        if os.path.ismount(folder):
            unmount(folder)
    small.rmdir()


def _copy(source: Path, to: Path) -> None:
    shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))


def _while_stopped(backend: Breakable, target: Target, name: str, step: Step, move: Callable[[], None]) -> None:
    backend.processes.stop([one for one in backend.processes.found() if one.name == name], grace_s=GRACE_S)
    try:
        move()
    finally:
        backend.revive(name, target, step)


def _mount(*words: str) -> None:
    run_tool("mount", *words)
