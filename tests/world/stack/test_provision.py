from __future__ import annotations

import os
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

provision.install(Path(sys.argv[1]), Path(sys.argv[1], "tools"), fill)
"""


def fill(folder: Path) -> str:
    (folder / "program").touch()
    return "{}"


def test_a_folder_is_filled_once(tmp_path: Path) -> None:
    provision.install(tmp_path, tmp_path / "tools", fill)
    provision.install(tmp_path, tmp_path / "tools", lambda folder: pytest.fail("filled twice"))
    assert sorted(entry.name for entry in (tmp_path / "tools").iterdir()) == ["manifest.json", "program"]


def test_what_a_killed_workbench_left_half_filled_is_thrown_away_and_filled_again(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", _KILLED_IN_THE_MIDDLE, str(tmp_path)], check=False)
    assert dead.returncode == -signal.SIGKILL
    assert not (tmp_path / "tools").exists()

    provision.install(tmp_path, tmp_path / "tools", fill)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".lock", "tools"]
    assert not (tmp_path / "tools/half").exists()


def test_a_filling_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken(folder: Path) -> str:
        (folder / "half").touch()
        raise StackError("The servers cannot be fetched")

    with pytest.raises(StackError):
        provision.install(tmp_path, tmp_path / "tools", broken)
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(tmp_path: Path) -> None:
    def full(folder: Path) -> str:
        raise OSError(28, os.strerror(28), str(folder))

    with pytest.raises(StorageError, match="No space left"):
        provision.install(tmp_path, tmp_path / "tools", full)
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]


def test_a_cache_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(StorageError):
        provision.install(tmp_path / "cache", tmp_path / "cache/tools", fill)


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    tools = provision.Tools(debian=tmp_path, kafka=tmp_path, kafka_archive=tmp_path, java=tmp_path)
    with pytest.raises(StackError, match="mariadbd"):
        tools.program("mariadbd")
