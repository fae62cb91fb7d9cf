"""Named baselines: what later runs are held against, in `data/baselines.json`."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from rushlab.model.errors import ResultError
from rushlab.model.variant import unknown
from rushlab.world.files import read_json, write_json


class Baseline(Struct, frozen=True, kw_only=True):
    """A run or an arm (`EXPERIMENT:ARM`) under a name, the metric and margin it is held to, when it was named."""

    subject: str
    metric: str
    margin: float
    created: float


class _File(Struct):
    schema: int
    baselines: dict[str, Baseline]


def find_baseline(path: Path, name: str) -> Baseline:
    """The baseline of that name (ResultError when there are none, UsageError with the nearest one)."""
    known = _read(path)
    if not known:
        raise ResultError(f"There is no baseline {name!r}", do="Name one: rushlab baseline NAME RUN.")
    if name not in known:
        raise unknown("Baseline", name, known)
    return known[name]


def name_baseline(path: Path, name: str, baseline: Baseline) -> None:
    """Keep `baseline` under `name`, in the place of an older one of that name."""
    write_json(path, _File(1, _read(path) | {name: baseline}))


def _read(path: Path) -> dict[str, Baseline]:
    return read_json(path, _File).baselines if path.is_file() else {}
