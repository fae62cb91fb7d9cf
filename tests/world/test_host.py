"""Provenance: whose commit it is, and what the machine is."""

import shutil
import subprocess

import pytest

from rushlab.world.host import code, host
from rushlab.world.settings import Settings


def git(folder, *arguments):
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(tmp_path, "init")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "one")
    return tmp_path


def test_commit_and_changes_of_the_checkout(checkout):
    clean = code(Settings(root=checkout))
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    (checkout / "file").write_text("two")
    assert code(Settings(root=checkout))["dirty"] is True


def test_folder_inside_another_repository_has_no_commit_of_its_own(checkout):
    inside = checkout / "unpacked"
    inside.mkdir()
    assert code(Settings(root=inside))["commit"] is None


def test_machine_is_described():
    described = host()
    assert described["cores"] >= 1
    assert described["memory_gib"] > 0
    assert described["cpu"]
