from __future__ import annotations

from pathlib import Path

import pytest

from rushlab.model.errors import StackError
from rushlab.world.stack import java

DEBIAN = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6-Debian-1deb12u1)\n'


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (DEBIAN, "17.0.15"),
        ('java version "1.8.0_402"\n', "8.0"),
        ('openjdk version "25" 2025-09-16\n', "25"),
        ('Picked up _JAVA_OPTIONS: -Xmx1g\nopenjdk version "21.0.2" 2024-01-16\n', "21.0.2"),
        ("command not found", None),
    ],
)
def test_the_version_is_read_from_what_java_prints(text: str, version: str | None) -> None:
    assert java.parse_version(text) == version


def program_that_says(folder: Path, version: str) -> Path:
    program = folder / "bin/java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program


def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = program_that_says(tmp_path / "home", "21.0.1")
    other = program_that_says(tmp_path / "path", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(other.parent))
    assert java.find() == chosen


def test_one_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program_that_says(tmp_path / "old", "11.0.2")
    new = program_that_says(tmp_path / "new", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(new.parent))
    assert java.find() == new


def test_without_a_java_that_is_new_enough_the_message_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = program_that_says(tmp_path / "old", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StackError, match=rf"17 or newer.*{old} is 11\.0\.2.*apt install"):
        java.find()
