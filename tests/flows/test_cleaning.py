"""What is removed, and what stays unless it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushlab.flows.cleaning import remove_leftovers
from rushlab.world.settings import Settings

LEFTOVERS = (".rushlab/servers/redis/dump.rdb", ".rushlab/logs/redis.log")
RESULTS = (
    "data/runs/one/run.json",
    "data/reports/one/report.html",
    "data/experiments/one/plan.json",
    "data/baselines.json",
)
OTHERS = ("data/reference/figures.json", "data/samples/run/run.json", ".rushlab/ports.json")


@pytest.mark.parametrize(("runs", "stay"), [(False, (*RESULTS, *OTHERS)), (True, OTHERS)])
def test_results_are_removed_together_and_only_when_asked_for(tmp_path: Path, *, runs: bool, stay: tuple[str]) -> None:
    for name in (*LEFTOVERS, *RESULTS, *OTHERS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1234567890")
    freed = remove_leftovers(Settings(root=tmp_path, data=tmp_path / "data", state=tmp_path / ".rushlab"), runs=runs)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert (left, freed) == (sorted(stay), 10 * (9 - len(stay)))


def test_where_nothing_was_made_nothing_is_removed(tmp_path: Path) -> None:
    assert remove_leftovers(Settings(root=tmp_path, data=tmp_path / "d", state=tmp_path / "s"), runs=True) == 0
