from __future__ import annotations

from pathlib import Path

import pytest

from rushlab.model.errors import StackError
from rushlab.world.settings import PROJECT
from rushlab.world.stack import kafka_archive
from rushlab.world.stack.processes import Processes


def java_that_says(folder: Path, version: str, code: int = 0) -> Path:
    program = folder / "java"
    folder.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"'\nexit {code}\n")
    program.chmod(0o755)
    return program


def test_another_java_has_another_archive(tmp_path: Path) -> None:
    java = java_that_says(tmp_path, "17.0.1")
    first = kafka_archive.folder_name(PROJECT, java)
    assert kafka_archive.folder_name(PROJECT, java) == first
    assert kafka_archive.folder_name(PROJECT, java_that_says(tmp_path, "17.0.2")) != first


@pytest.mark.parametrize("code", [0, 1])
def test_a_broker_that_does_not_come_up_is_not_recorded_as_done(
    tmp_path: Path, processes: Processes, code: int
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    java = java_that_says(tmp_path, "17.0.1", code)
    with pytest.raises(StackError):
        kafka_archive.make(folder, PROJECT, tmp_path, java, processes=processes, step=print)
    assert processes.found() == []
