from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from rushlab.model.errors import Locked
from rushlab.world.stack.lock import Holder, workbench_lock

_HOLDER = """
import sys
from pathlib import Path
from rushlab.world.stack.lock import workbench_lock
with workbench_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

_LEAVES_IT_TO_A_CHILD = """
    import os, time
    if os.fork() == 0:
        time.sleep(0.3)
    os._exit(0)
"""


@contextmanager
def another_workbench(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its input is closed."""
    command = [sys.executable, "-c", _HOLDER, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_workbench_is_told_who_works_there(tmp_path: Path) -> None:
    home = tmp_path / ".rushlab"
    with another_workbench(home) as other, pytest.raises(Locked) as caught, workbench_lock(home):
        pytest.fail("two workbenches hold one lock")
    assert f"process {other.pid} works there since 2" in caught.value.sentence
    assert str(tmp_path) in caught.value.sentence


def test_the_lock_of_a_killed_workbench_is_no_obstacle(tmp_path: Path) -> None:
    with another_workbench(tmp_path) as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        with workbench_lock(tmp_path):
            assert str(os.getpid()) in (tmp_path / "lock").read_text()


def test_the_same_process_may_take_it_twice_and_keeps_it_until_the_outer_end(tmp_path: Path) -> None:
    with workbench_lock(tmp_path):
        with workbench_lock(tmp_path):
            pass
        command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Locked" in refused.stderr
    with workbench_lock(tmp_path):
        pass


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    with workbench_lock(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        with another_workbench(tmp_path):
            pass
    finally:
        child.communicate()


def test_a_lock_that_outlives_its_holder_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER + _LEAVES_IT_TO_A_CHILD, str(tmp_path)]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    with workbench_lock(tmp_path):
        assert str(os.getpid()) in (tmp_path / "lock").read_text()


def test_a_number_that_this_process_has_by_chance_is_not_taken_for_its_own(tmp_path: Path) -> None:
    with another_workbench(tmp_path):
        holder = msgspec.json.decode((tmp_path / "lock").read_bytes(), type=Holder)
        recycled = msgspec.structs.replace(holder, pid=os.getpid())
        (tmp_path / "lock").write_bytes(msgspec.json.encode(recycled))
        with pytest.raises(Locked), workbench_lock(tmp_path):
            pytest.fail("two workbenches hold one lock")


def test_a_command_that_is_no_utf8_is_told_as_far_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["rushlab", "report", "--out", os.fsdecode(b"caf\xe9")])
    with workbench_lock(tmp_path):
        assert "--out caf?" in (tmp_path / "lock").read_text()
