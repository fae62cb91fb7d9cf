"""Provenance: which machine, which code, which versions made a run."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

from rushlab import __version__
from rushlab.world.settings import Settings


def host() -> dict[str, Any]:
    """This machine: processor, cores, memory (GiB), system, kernel, Python."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": _system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def code(settings: Settings) -> dict[str, Any]:
    """Commit and dirty flag of the checkout, None where there is no git, and the version."""
    if (top := _git(settings.root, "rev-parse", "--show-toplevel")) is None or Path(top) != settings.root.resolve():
        return {"version": __version__, "commit": None, "dirty": None}  # no repository, or somebody else's
    commit = _git(settings.root, "rev-parse", "HEAD")
    changes = _git(settings.root, "status", "--porcelain", "--untracked-files=no")
    return {"version": __version__, "commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
