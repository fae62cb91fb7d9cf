"""A full disk of a server's own: full for a while, all back in its place afterwards, refused where it cannot be."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest

from rushlab.model.errors import StackError, UsageError
from rushlab.world import faults_disk
from rushlab.world.faults import parse_fault
from rushlab.world.faults_disk import fill, small_disk
from rushlab.world.stack.backend import Endpoints, Step, Target
from rushlab.world.stack.mounts import unmount
from rushlab.world.stack.processes import Launch, Processes

TARGET = Target(service="", coupon_id=1, stock=1, topic="t", group="g", metrics={}, knobs={})
SERVER = Launch(name="kafka", command=(sys.executable, "-c", "import time; time.sleep(300)"))
CONTENT = {"meta": b"version 1", "log/0": b"x" * 100_000}


class Stack:
    """A backend of one server that sleeps, with a data folder."""

    def __init__(self, home: Path) -> None:
        self.processes = Processes(home)
        self.data = home / "servers" / "kafka" / "data"
        self.revived = 0
        for name, content in CONTENT.items():
            (self.data / name).parent.mkdir(parents=True, exist_ok=True)
            (self.data / name).write_bytes(content)

    def endpoints(self) -> Endpoints:
        return Endpoints(database="", redis="", kafka="", prometheus="")

    def data_folder(self, name: str) -> Path:
        assert name == "kafka"
        return self.data

    def revive(self, name: str, target: Target, step: Step) -> None:
        """As the real one: one that runs is kept."""
        if not self.processes.found():
            self.processes.start(SERVER)
            self.revived += 1

    def content(self) -> dict[str, bytes]:
        files = (path for path in self.data.rglob("*") if path.is_file())
        return {str(path.relative_to(self.data)): path.read_bytes() for path in files}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path)
    stack.processes.start(SERVER)
    yield stack
    stack.processes.stop(stack.processes.found(), grace_s=1)
    for folder in (stack.data, stack.data.with_name("small")):
        if os.path.ismount(folder):
            unmount(folder)


@pytest.fixture
def mounts(tmp_path: Path) -> None:
    """Skips where this user may not mount anything."""
    probe = tmp_path / "probe"
    probe.mkdir()
    try:
        faults_disk._mount("-t", "tmpfs", "rushlab", str(probe))
    except StackError as error:
        pytest.skip(error.sentence)
    unmount(probe)


def quiet(text: str) -> None:
    """Steps are not looked at."""


def disk(stack: Stack):  # type: ignore[no-untyped-def]
    return small_disk(stack, TARGET, "kafka", quiet)


def test_the_data_moves_to_a_disk_of_its_own_and_back(stack: Stack, mounts: None) -> None:
    with disk(stack):
        assert os.path.ismount(stack.data)
        assert stack.content() == CONTENT
        (stack.data / "log" / "1").write_bytes(b"written meanwhile")
    assert stack.content() == CONTENT | {"log/1": b"written meanwhile"}
    assert stack.revived == 2, "stopped for each move"
    assert not os.path.ismount(stack.data)
    assert [path.name for path in stack.data.parent.iterdir()] == ["data"]


def refused(path: Path) -> int | None:
    """The number of the error with which 1 MB is refused; None when it is not."""
    try:
        path.write_bytes(b"x" * 1_000_000)
    except OSError as error:
        path.unlink()
        return error.errno
    return None


def test_a_full_disk_takes_no_more_until_it_has_room_again(
    stack: Stack, mounts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []
    over = Event()

    def write(lasts: float) -> None:
        seen.append(refused(stack.data / "more"))
        with stack.processes.log("kafka").open("a") as log:
            log.write("IOException: No space left on device\n" * 2)

    monkeypatch.setattr(over, "wait", write)
    with disk(stack):
        began = time.time()
        fault = fill(stack, TARGET, parse_fault("disk-full:kafka@0+5"), over, quiet)
        seen.append(refused(stack.data / "more"))
    assert seen == [errno.ENOSPC, None]
    assert (fault.what, fault.process, fault.count) == ("disk-full", "kafka", 2)
    assert began <= fault.start <= (fault.end or 0)


def test_a_server_that_ended_for_want_of_room_is_started_again(
    stack: Stack, mounts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Event()
    monkeypatch.setattr(over, "wait", lambda lasts: stack.processes.stop(stack.processes.found(), grace_s=1))
    with disk(stack):
        fault = fill(stack, TARGET, parse_fault("disk-full:kafka@0+5"), over, quiet)
        assert len(stack.processes.found()) == 1
    assert fault.count == 0, "nobody told of a full disk"


def test_what_a_killed_workbench_left_mounted_is_cleared_away_first(stack: Stack, mounts: None) -> None:
    small = stack.data.with_name("small")
    faults_disk._make_small("kafka", stack.data, small)
    faults_disk._move_in(stack.data, small)
    (stack.data / "lost").touch()
    with disk(stack):
        assert stack.content() == CONTENT
    assert stack.content() == CONTENT
    assert not os.path.ismount(stack.data)


def test_who_may_not_mount_is_told_so_and_nothing_is_touched(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*words: str) -> None:
        raise StackError("mount of small failed", "mount: only root can do that")

    monkeypatch.setattr(faults_disk, "_mount", denied)
    with pytest.raises(UsageError, match=r"kafka cannot have a disk .* usually root \(mount: only root"), disk(stack):
        pytest.fail("the load began")
    assert stack.content() == CONTENT
    assert stack.revived == 0
    assert [path.name for path in stack.data.parent.iterdir()] == ["data"]


def test_a_machine_without_mount_says_so(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match=r"usually root \(mount: No such file or directory"), disk(stack):
        pytest.fail("the load began")


def test_without_memory_for_the_data_it_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = psutil.virtual_memory()._replace(available=10_000)
    monkeypatch.setattr(faults_disk.psutil, "virtual_memory", lambda: memory)
    with pytest.raises(UsageError, match="GiB of memory, and less is free"), disk(stack):
        pytest.fail("the load began")
    assert stack.revived == 0
