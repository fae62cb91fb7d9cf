from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rushlab.model.errors import StackError, StorageError
from rushlab.world.stack import provision

_KILLED_IN_THE_MIDDLE = """
import os, sys
from pathlib import Path
from rushlab.world.stack import provision

def fill(folder):
    (folder / "half").touch()
    os.kill(os.getpid(), 9)

provision.install(Path(sys.argv[1]), Path(sys.argv[1], "tools"), fill, print)
"""


def fill(folder: Path) -> str:
    (folder / "program").touch()
    return "{}"


def test_a_folder_is_filled_once(tmp_path: Path) -> None:
    provision.install(tmp_path, tmp_path / "tools", fill, print)
    provision.install(tmp_path, tmp_path / "tools", lambda folder: pytest.fail("filled twice"), print)
    assert sorted(entry.name for entry in (tmp_path / "tools").iterdir()) == ["manifest.json", "program"]


def test_what_a_killed_workbench_left_half_filled_is_thrown_away_and_filled_again(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", _KILLED_IN_THE_MIDDLE, str(tmp_path)], check=False)
    assert dead.returncode == -signal.SIGKILL
    assert not (tmp_path / "tools").exists()

    provision.install(tmp_path, tmp_path / "tools", fill, print)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".lock", "tools"]
    assert not (tmp_path / "tools/half").exists()


def test_a_filling_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken(folder: Path) -> str:
        (folder / "half").touch()
        raise StackError("The servers cannot be fetched")

    with pytest.raises(StackError):
        provision.install(tmp_path, tmp_path / "tools", broken, print)
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(tmp_path: Path) -> None:
    def full(folder: Path) -> str:
        raise OSError(28, os.strerror(28), str(folder))

    with pytest.raises(StorageError, match="No space left"):
        provision.install(tmp_path, tmp_path / "tools", full, print)
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]


def test_a_cache_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(StorageError):
        provision.install(tmp_path / "cache", tmp_path / "cache/tools", fill, print)


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    tools = provision.Tools(debian=tmp_path, kafka=tmp_path, kafka_archive=tmp_path, java=tmp_path)
    with pytest.raises(StackError, match="mariadbd"):
        tools.program("mariadbd")


def test_content_that_no_longer_runs_is_filled_anew_and_one_that_was_mended_meanwhile_is_kept(tmp_path: Path) -> None:
    provision.install(tmp_path, tmp_path / "tools", fill, print)

    def other(folder: Path) -> str:
        (folder / "mended").touch()
        return "{}"

    provision.install(tmp_path, tmp_path / "tools", other, print, runs=(tmp_path / "tools/mended").exists)
    assert (tmp_path / "tools/mended").exists()
    answers = [False, True]  # before the lock, and under it
    never = "another checkout has mended it"
    provision.install(tmp_path, tmp_path / "tools", lambda _: pytest.fail(never), print, runs=lambda: answers.pop(0))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".lock", "tools"]


def test_files_that_a_server_runs_from_are_not_pulled_away(tmp_path: Path) -> None:
    def sleeper(folder: Path) -> str:
        shutil.copy2("/bin/sleep", folder / "sleep")
        return "{}"

    provision.install(tmp_path, tmp_path / "tools", sleeper, print)
    with subprocess.Popen([tmp_path / "tools/sleep", "60"]) as server:
        try:
            provision.install(tmp_path, tmp_path / "tools", sleeper, print, runs=lambda: False)
            assert Path(f"/proc/{server.pid}/exe").resolve().exists()
            assert len(list(tmp_path.glob(".old-*"))) == 1
        finally:
            server.kill()
    provision.install(tmp_path, tmp_path / "tools", sleeper, print, runs=lambda: False)
    assert list(tmp_path.glob(".old-*")) == []


def test_a_wait_for_another_workbench_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    with (tmp_path / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def step(text: str) -> None:
            said.append(text)
            fcntl.flock(other, fcntl.LOCK_UN)

        with provision.cache_lock(tmp_path, step):
            pass
        with provision.cache_lock(tmp_path, step):
            pass
    assert said == ["waiting for another workbench, which is fetching the servers"]


def test_a_cache_below_a_folder_that_may_not_be_entered_is_a_storage_error(closed: Path) -> None:
    with pytest.raises(StorageError, match=r"Permission denied.*RUSHLAB_CACHE"):
        provision.install(closed / "cache", closed / "cache/tools", fill, print)
