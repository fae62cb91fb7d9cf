"""The launcher once the environment is there: from any folder, without network; and what it says when it cannot."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAUNCHER = ROOT / "rushlab"
MADE = (ROOT / ".venv" / "made-from-requirements-dev.lock").is_file()

needs_environment = pytest.mark.skipif(not MADE, reason="the environment was not made by the launcher")


def launch(*command, folder, path="/usr/bin:/bin", **more):
    environment = {"PATH": path, "HOME": str(folder)} | more
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


@needs_environment
def test_starts_from_any_folder_and_through_a_link(tmp_path):
    (tmp_path / "link").symlink_to(LAUNCHER)
    for command in (LAUNCHER, tmp_path / "link"):
        done = launch(command, "--version", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("rushlab ")
        assert done.stderr == ""


@needs_environment
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root to take the network away")
def test_second_start_needs_no_network(tmp_path):
    done = launch("/usr/bin/unshare", "--net", LAUNCHER, "--version", folder=tmp_path)
    assert done.returncode == 0, done.stderr


def copied(tmp_path):
    """The launcher in a folder where nothing was set up."""
    for name in ("rushlab", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path / "rushlab"


def only(tmp_path, *tools):
    """A PATH on which nothing but these tools can be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in tools:
        (folder / tool).symlink_to(shutil.which(tool))
    return str(folder)


BASICS = ("sh", "sed", "head", "tail", "cat", "ls", "rm", "cmp", "id")
BASICS += ("dirname", "basename", "readlink", "mktemp", "flock")


def test_everything_missing_is_named_in_one_message(tmp_path):
    path = only(tmp_path, *BASICS)
    done = launch(copied(tmp_path), "report", folder=tmp_path, path=path)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    for word in ("python3", "python3-venv", "default-jre-headless", "maven", "apt-get install"):
        assert word in last
    assert not (tmp_path / ".venv").exists()


def script(path, text):
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_python_whose_path_has_a_space_is_taken(tmp_path):
    python = script(tmp_path / "my python" / "python3", "exit 0")
    path = only(tmp_path, *BASICS)
    done = launch(copied(tmp_path), "report", folder=tmp_path, path=path, RUSHLAB_PYTHON=str(python))
    assert "missing: default-jre-headless maven. " in done.stderr


@pytest.mark.parametrize(
    ("command", "installs"),
    [
        (("test", "--help"), False),
        (("test", "--all", "-h"), False),
        (("test",), True),
        (("test", "--", "-h"), True),  # pytest's own help needs pytest
    ],
)
def test_help_installs_nothing(tmp_path, command, installs):
    launcher = copied(tmp_path)
    python = script(tmp_path / ".venv" / "bin" / "python", 'echo "$@"')
    made_from = f"{tmp_path}\n{python}\n" + (tmp_path / "requirements.lock").read_text()
    (tmp_path / ".venv" / "made-from-requirements.lock").write_text(made_from)
    done = launch(launcher, *command, folder=tmp_path, path=only(tmp_path, *BASICS, "grep"))
    assert done.stdout.splitlines()[-1] == " ".join(("-P -m rushlab", *command))
    assert ("not installed: git" in done.stderr, "installing the packages of the tests" in done.stderr) == (
        installs,
        installs,
    )
    assert installs or not done.stderr


def test_failed_package_installation_is_said_and_tried_again(tmp_path):
    launcher = copied(tmp_path)
    (tmp_path / "requirements.lock").write_text("no-such-package-anywhere==1.0 --hash=sha256:" + "0" * 64 + "\n")
    tools = {"PIP_NO_INDEX": "1", "JAVA_HOME": "/usr"}
    for _ in range(2):  # a second start does not take the half-made environment for a whole one
        done = launch(launcher, "--version", folder=tmp_path, path=os.environ["PATH"], **tools)
        assert done.returncode == 1
        assert "could not be installed" in done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("wish", ["/nowhere/python3", "false"])
def test_python_that_was_asked_for_and_cannot_be_used_is_named(tmp_path, wish):
    path = only(tmp_path, *BASICS, "python3", "false")
    done = launch(copied(tmp_path), "report", folder=tmp_path, path=path, RUSHLAB_PYTHON=wish)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert f"RUSHLAB_PYTHON={wish} is no Python 3.11 to 3.14 with venv" in last
    assert "missing" not in done.stderr


@pytest.mark.parametrize("state", [None, "elsewhere"])
def test_environment_is_not_replaced_under_a_workbench_that_is_at_work(tmp_path, state):
    launcher = copied(tmp_path)
    python = script(tmp_path / ".venv" / "bin" / "python", "exit 1")
    folder = tmp_path / (state or ".rushlab")
    folder.mkdir()
    more = {"RUSHLAB_STATE": str(folder)} if state else {}
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = launch(launcher, "ls", folder=tmp_path, path=only(tmp_path, *BASICS), **more)
        assert done.returncode == 1
        assert "a workbench is at work with it" in done.stderr.strip().splitlines()[-1]
        assert python.exists()
    done = launch(launcher, "ls", folder=tmp_path, path=str(tmp_path / "bin"), **more)
    assert "at work" not in done.stderr
