"""What is removed, and what stays unless it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rushlab.flows.cleaning import remove_leftovers
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import Locked
from rushlab.model.run import State
from rushlab.world.folders import create_run
from rushlab.world.settings import PROJECT, Settings

LEFTOVERS = (".rushlab/servers/redis/dump.rdb", ".rushlab/logs/redis.log")
RESULTS = (
    "data/runs/one/run.json",
    "data/reports/one/report.html",
    "data/experiments/one/plan.json",
    "data/baselines.json",
    "data/catalogue.db",
)
OTHERS = ("data/reference/figures.json", "data/samples/run/run.json", ".rushlab/ports.json")


@pytest.mark.parametrize(("runs", "stay"), [(False, (*RESULTS, *OTHERS)), (True, OTHERS)])
def test_results_are_removed_together_and_only_when_asked_for(tmp_path: Path, *, runs: bool, stay: tuple[str]) -> None:
    for name in (*LEFTOVERS, *RESULTS, *OTHERS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1234567890")
    freed = remove_leftovers(settings_of(tmp_path), runs=runs)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert (left, freed) == (sorted(stay), 10 * (10 - len(stay)))


def test_where_nothing_was_made_nothing_is_removed(tmp_path: Path) -> None:
    assert remove_leftovers(Settings(root=tmp_path, data=tmp_path / "d", state=tmp_path / "s"), runs=True) == 0


def test_linked_folder_is_emptied_and_stays_linked(tmp_path: Path) -> None:
    elsewhere = tmp_path / "large disk"
    (elsewhere / "one").mkdir(parents=True)
    (elsewhere / "one" / "run.json").write_text("1234567890")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "runs").symlink_to(elsewhere)
    assert remove_leftovers(settings_of(tmp_path), runs=True) == 10
    assert (tmp_path / "data" / "runs").resolve() == elsewhere
    assert list(elsewhere.iterdir()) == []


def test_results_stay_while_another_workbench_makes_a_run_among_them(tmp_path: Path) -> None:
    bench = Workbench.open(settings_of(tmp_path).model_copy(update={"root": PROJECT}))
    folder = create_run(
        bench.settings.runs, bench.profile("smoke"), 1.0, bench.variant("report"), model="closed", environment={}
    )
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        maker = {"pid": other.pid, "started": psutil.Process(other.pid).create_time()}
        folder.advance(State.RUNNING, environment={"workbench": maker})
        with pytest.raises(Locked, match=f"process {other.pid}"):
            remove_leftovers(bench.settings, runs=True)
        other.communicate(b"\n")
    assert folder.path.exists()
    remove_leftovers(bench.settings, runs=True)
    assert not folder.path.exists()


def settings_of(folder: Path) -> Settings:
    return Settings(root=folder, data=folder / "data", state=folder / ".rushlab")
