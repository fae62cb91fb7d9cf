"""Removes what can be made again; runs and reports only when asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

from rushlab.world.files import storage
from rushlab.world.settings import Settings


def remove_leftovers(settings: Settings, *, runs: bool) -> int:
    """Remove server data and logs of this workbench (and runs and reports); the bytes that were freed."""
    folders = [settings.home / "servers", settings.home / "logs"]
    if runs:
        folders += [settings.runs, settings.reports]
    before = sum(_size(folder) for folder in folders)
    for folder in folders:
        if folder.exists():
            with storage(folder):
                shutil.rmtree(folder)
    return before - sum(_size(folder) for folder in folders)


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())
