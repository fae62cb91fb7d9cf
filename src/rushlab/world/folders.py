"""Run folders: the truth about a run. A run never looks whole unless it is.

data/runs/20261124T141530Z-load-recommended-1f3a/
    run.json  points.json.gz  points.parquet  summary.json  k6.log  evidence/
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
from msgspec.structs import replace

from rushlab.model.errors import ResultError
from rushlab.model.profile import Model, Profile
from rushlab.model.run import STEPS, Load, Run, State, Timing
from rushlab.model.variant import Variant
from rushlab.world.files import read_json, sha256, storage, write_json
from rushlab.world.names import identity, when_made

RECORD = "run.json"
#: The key of a run's environment that says which process makes it.
WORKBENCH = "workbench"
#: A process's start is told by the machine's clock, which may be set meanwhile.
_CLOCK_STEP_S = 2.0


class RunFolder:
    """One run's folder; `record` is what `run.json` says, advanced step by step."""

    def __init__(self, path: Path, record: Run) -> None:
        self.path = path
        self.record = record

    def __repr__(self) -> str:
        return f"RunFolder({self.record.id}, {self.record.state})"

    @property
    def points_file(self) -> Path:
        return self.path / "points.json.gz"

    @property
    def points(self) -> Path:
        return self.path / "points.parquet"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    @property
    def evidence(self) -> Path:
        return self.path / "evidence"

    def advance(self, state: State, **changes: Any) -> None:
        """Move to `state` with `changes` to the record, by one atomic rename.

        Artefacts are hashed when a run is collected or verified.
        """
        if state not in STEPS[self.record.state]:
            raise ValueError(f"a run cannot go from {self.record.state} to {state}")
        if state in (State.COLLECTED, State.VERIFIED):
            changes["artefacts"] = self._hashes()
        record = replace(self.record, state=state, **changes)
        write_json(self.path / RECORD, record)
        self.record = record

    @property
    def unfinished(self) -> bool:
        """Whether there are further steps that it could take."""
        return bool(STEPS[self.record.state])

    def sweep(self) -> None:
        """Remove what a killed process had not come to write whole (points_reader's and points_extract's folders)."""
        for pattern in (".ingest-*", ".extract-*"):
            for half in self.path.glob(pattern):
                shutil.rmtree(half, ignore_errors=True)

    def damaged(self) -> list[str]:
        """Artefacts that are missing or differ from their recorded hash."""
        return [
            name
            for name, digest in self.record.artefacts.items()
            if not (self.path / name).is_file() or sha256(self.path / name) != digest
        ]

    def _hashes(self) -> dict[str, str]:
        files = (file for file in sorted(self.path.rglob("*")) if file.is_file())
        return {
            str(file.relative_to(self.path)): sha256(file)
            for file in files
            if file.name != RECORD and not file.name.startswith(".")
        }


def create_run(
    runs: Path, profile: Profile, scale: float, variant: Variant, *, model: Model, environment: dict[str, Any]
) -> RunFolder:
    """A new folder in state planned (StorageError when it cannot be made)."""
    created = time.time()
    name = identity(created, profile.name, variant.name)
    path = runs / name
    with storage(path):
        path.mkdir(parents=True)
    record = Run(
        id=name,
        state=State.PLANNED,
        profile=profile,
        scale=scale,
        variant=variant.name,
        knobs=dict(variant.settings),
        load=Load(model=model),
        timing=Timing(created=created),
        environment={**environment, WORKBENCH: {"pid": os.getpid(), "started": psutil.Process().create_time()}},
    )
    write_json(path / RECORD, record)
    return RunFolder(path, record)


def driver_of(run: Run) -> int | None:
    """The number of the process that made `run` and still lives; None when that is this one, is gone, or is unknown.

    Two workbenches may share their runs: one that is unfinished can be another's, which is at work on it.
    """
    match run.environment.get(WORKBENCH):
        case {"pid": int(pid), "started": float(started)} if pid != os.getpid() and _lives(pid, started):
            return pid
        case _:
            return None


def _lives(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _CLOCK_STEP_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False


def open_run(runs: Path, name: str) -> RunFolder:
    """The run called `name`: a folder's path, a run's id, an unambiguous part of one, or `last`.

    Raises
    ------
    ResultError
        No such run, several of them, or its record is damaged.
    """
    path = Path(name)
    if (path / RECORD).is_file():
        return _load(path)
    matches = [folder for folder in _folders(runs) if name == "last" or name in folder.name]
    exact = [folder for folder in matches if folder.name == name]
    if name == "last" and matches:
        exact = matches[-1:]
    if len(exact or matches) == 1:
        return _load((exact or matches)[0])
    if not matches:
        raise ResultError(f"There is no run {name!r} in {runs}", do="`rushlab ls` lists the runs.")
    raise ResultError(f"Run {name!r} is ambiguous", f"{len(matches)} runs match, {matches[-1].name} among them")


def open_runs(runs: Path, names: Iterable[str]) -> list[RunFolder]:
    """Every run named, in order; a folder that holds run folders stands for all of them, oldest first.

    Raises
    ------
    ResultError
        As for `open_run`.
    """
    expanded = (_inside(Path(name)) or [name] for name in names)
    return [open_run(runs, name) for found in expanded for name in found]


def _inside(folder: Path) -> list[str]:
    """Run folders in a folder that is none itself."""
    return [] if (folder / RECORD).is_file() else [str(path) for path in _folders(folder)]


def all_runs(runs: Path) -> Iterator[RunFolder]:
    """Every readable run folder, oldest first; damaged ones are passed over."""
    for path in _folders(runs):
        try:
            yield _load(path)
        except ResultError:
            continue


def _load(path: Path) -> RunFolder:
    return RunFolder(path, read_json(path / RECORD, Run))


def _folders(runs: Path) -> list[Path]:
    """Oldest first."""
    return sorted((path.parent for path in runs.glob(f"*/{RECORD}")), key=when_made)
