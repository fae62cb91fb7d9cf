"""Removes what can be made again; results only when asked for, and then all of them: they point at each other."""

from __future__ import annotations

import shutil
from pathlib import Path

from rushlab.world.files import storage
from rushlab.world.settings import Settings


def remove_leftovers(settings: Settings, *, runs: bool) -> int:
    """Remove server data and logs of this workbench (with `runs` its results too); the bytes that were freed."""
    places = [settings.home / "servers", settings.home / "logs"]
    if runs:
        places += [settings.runs, settings.reports, settings.experiments, settings.baselines]
    before = sum(_size(place) for place in places)
    for place in places:
        with storage(place):
            _remove(place)
    return before - sum(_size(place) for place in places)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _size(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.lstat().st_size for file in files if file.is_file())
