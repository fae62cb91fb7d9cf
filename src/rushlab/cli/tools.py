"""`rushlab lab` and `rushlab test`: JupyterLab on loopback, and all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("lab")(lab)
    app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(test)


def lab(
    port: Annotated[
        int, typer.Option(min=1024, max=65535, help="Port on 127.0.0.1; the next free one if taken.")
    ] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = False,
) -> None:
    """Open JupyterLab on loopback, with its token, in the project's folder, at the report's notebook."""
    from rushlab.flows.workbench import project_root

    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += [f"--ServerApp.root_dir={project_root()}", "--LabApp.default_url=/lab/tree/notebooks/report.ipynb"]
    command += ["--ServerApp.allow_root=True", f"--ServerApp.open_browser={browser}"]
    # Configuration files could switch the token off or listen elsewhere.
    os.execve(sys.executable, command, os.environ | {"JUPYTER_NO_CONFIG": "1"})


def test(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also the slow ones.")] = False,
) -> None:
    """Lint, check types and import arrows, then run the tests (further arguments go to pytest)."""
    from rushlab.flows.workbench import project_root

    root = project_root()
    python = [sys.executable, "-m"]
    steps = [
        [*python, "ruff", "check", "."],
        [*python, "ruff", "format", "--check", "."],
        [*python, "mypy"],
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
        *([*python, "pytest", *arguments] for arguments in _suites(everything, context.args)),
    ]
    failed = [step for step in steps if subprocess.run(step, cwd=root, check=False).returncode]
    raise typer.Exit(1 if failed else 0)


def _suites(everything: bool, further: list[str]) -> list[list[str]]:
    """Pytest's arguments: beside each other what needs no servers, then those that do, which want the machine alone.

    Tests of one group (`xdist_group`) share a process: what they share is made once, and they do not race for a port.
    """
    quick = "" if everything else "not slow"
    if further:
        return [["-m", quick, *further]]
    processes = min(4, (os.cpu_count() or 1) + 1)  # one more than there are processors: some wait for a real k6
    beside = ["-n", str(processes), "--dist", "loadgroup"]
    marks = [" and ".join(filter(None, (mark, quick))) for mark in ("not integration", "integration")]
    return [[*beside, "-m", marks[0]], ["-m", marks[1]]]
