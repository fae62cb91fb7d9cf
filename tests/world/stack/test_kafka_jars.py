from __future__ import annotations

import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from rushlab.model.errors import StackError
from rushlab.world.settings import PROJECT
from rushlab.world.stack import kafka_jars
from rushlab.world.stack.processes import Processes


def test_the_version_stands_in_the_projects_pom() -> None:
    assert kafka_jars.version(PROJECT) == "4.3.1"
    assert kafka_jars.folder_name(PROJECT).startswith("kafka-4.3.1-")


def test_another_pom_is_another_folder(tmp_path: Path) -> None:
    pom = kafka_jars.pom(tmp_path)
    pom.parent.mkdir(parents=True)
    pom.write_text("<kafka.version>4.3.1</kafka.version>")
    first = kafka_jars.folder_name(tmp_path)
    pom.write_text("<kafka.version>4.3.1</kafka.version> <!-- and a binding -->")
    assert kafka_jars.folder_name(tmp_path) != first


def test_without_maven_the_message_says_how_to_get_it(
    tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="apt install maven"):
        kafka_jars.fetch(tmp_path, PROJECT, tmp_path, processes, print)


def test_maven_keeps_its_downloads_in_the_cache_where_it_cannot_write_the_users_home(
    tmp_path: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_dir=str(closed)))
    assert kafka_jars._repository(tmp_path) == (f"-Dmaven.repo.local={tmp_path / 'm2'}",)
    monkeypatch.setattr(os, "access", lambda path, mode, effective_ids: True)
    assert kafka_jars._repository(tmp_path) == ()
    monkeypatch.setattr(pwd, "getpwuid", lambda _: {}[0])
    assert kafka_jars._repository(tmp_path) == (f"-Dmaven.repo.local={tmp_path / 'm2'}",)
