from __future__ import annotations

from pathlib import Path

import pytest

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
def test_a_java_that_cannot_make_one_is_told_and_is_no_obstacle(
    tmp_path: Path, processes: Processes, code: int
) -> None:
    said: list[str] = []
    folder = tmp_path / "archive"
    folder.mkdir()
    java = java_that_says(tmp_path, "17.0.1", code)
    assert kafka_archive.make(folder, PROJECT, tmp_path, java, processes=processes, step=said.append)
    assert not (folder / kafka_archive.FILE).exists()
    assert said[-1].startswith("Kafka will start slowly: ")
    assert processes.found() == []
