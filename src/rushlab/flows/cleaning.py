"""Removes what can be made again; results only when asked for, and then all of them: they point at each other."""

from __future__ import annotations

import shutil
from pathlib import Path

from rushlab.model.errors import Locked
from rushlab.world.files import storage
from rushlab.world.folders import all_runs, driver_of
from rushlab.world.settings import Settings


def remove_leftovers(settings: Settings, *, runs: bool) -> int:
    """Remove server data and logs of this workbench (with `runs` its results too); the bytes that were freed.

    A place that is a link to a folder stays a link: the folder is emptied.

    Raises
    ------
    Locked
        The results were to go, and another workbench with the same data folder is at work on a run.
    StorageError
        Something cannot be removed.
    """
    places = [settings.home / "servers", settings.home / "logs"]
    if runs:
        _require_nobody(settings.runs)
        places += [settings.runs, settings.reports, settings.experiments, settings.baselines, *settings.index_files]
    before = sum(_size(place) for place in places)
    for place in places:
        with storage(place):
            _remove(place)
    return before - sum(_size(place) for place in places)


def _require_nobody(runs: Path) -> None:
    for folder in all_runs(runs):
        if folder.unfinished and (pid := driver_of(folder.record)) is not None:
            why = f"process {pid} of another workbench is making run {folder.record.id} there"
            raise Locked(f"The folder {runs.parent} is in use", why, "Wait until it ends, or stop it with Ctrl-C.")


def _remove(place: Path) -> None:
    if place.is_symlink() and place.is_dir():
        for entry in place.iterdir():
            _remove_entry(entry)
    else:
        _remove_entry(place)


def _remove_entry(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.lstat().st_size for file in files if file.is_file())
