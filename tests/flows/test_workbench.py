"""Names and settings as a user writes them."""

import subprocess
import sys

import psutil
import pytest

from rushlab.flows.workbench import Workbench, parse_names, parse_sets, read_settings
from rushlab.model.errors import UsageError
from rushlab.model.run import State
from rushlab.world.folders import create_run, open_run
from rushlab.world.settings import Settings


def test_sets_become_a_mapping():
    assert parse_sets(["pool_size=20", " outbox = grouped "]) == {"pool_size": "20", "outbox": "grouped"}


@pytest.mark.parametrize("text", ["pool_size", "=20", "pool_size="])
def test_half_settings_are_refused(text):
    with pytest.raises(UsageError, match="knob=value"):
        parse_sets([text])


def test_names_keep_their_order_and_come_once():
    assert parse_names("b, a,b", ["a", "b"], "Profile") == ["b", "a"]
    assert parse_names(["a"], ["a", "b"], "Profile") == ["a"]


def test_unknown_and_missing_names_are_usage_errors():
    with pytest.raises(UsageError, match="Did you mean load"):
        parse_names("laod", ["load", "smoke"], "Profile")
    with pytest.raises(UsageError, match="No profile"):
        parse_names(" , ", ["load"], "Profile")


def test_every_preset_and_profile_of_the_checkout_can_be_read():
    bench = Workbench.open()
    assert {"report", "recommended"} <= set(bench.knobs.presets)
    for preset in bench.knobs.presets:
        assert set(bench.variant(preset).settings) == set(bench.knobs.knobs)
    assert {"smoke", "load", "stress-100", "stress-500", "peak-1500", "peak-2000", "steady"} <= set(bench.profiles)


def test_runs_of_a_dead_workbench_are_marked_when_the_next_one_drives(tmp_path):
    bench = Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))
    profile, variant = bench.profile("smoke"), bench.variant("report")
    folder = create_run(bench.settings.runs, profile, 1.0, variant, model="closed", environment={})
    folder.advance(State.RUNNING)
    with bench.driving():
        record = open_run(bench.settings.runs, "last").record
    assert record.state is State.ABORTED
    assert record.problem == "the workbench ended while this run was running"


def test_run_that_another_workbench_makes_in_the_same_data_folder_is_left_alone(tmp_path):
    bench = Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))
    folder = create_run(
        bench.settings.runs, bench.profile("smoke"), 1.0, bench.variant("report"), model="closed", environment={}
    )
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        maker = {"pid": other.pid, "started": psutil.Process(other.pid).create_time()}
        folder.advance(State.RUNNING, environment={"workbench": maker})
        with bench.driving():
            assert open_run(bench.settings.runs, "last").record.state is State.RUNNING
        other.communicate(b"\n")
    with bench.driving():
        assert open_run(bench.settings.runs, "last").record.state is State.ABORTED


def test_what_a_killed_run_was_writing_goes_when_it_is_marked(tmp_path):
    bench = Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))
    folder = create_run(
        bench.settings.runs, bench.profile("smoke"), 1.0, bench.variant("report"), model="closed", environment={}
    )
    (folder.path / ".ingest-abc").mkdir()
    (folder.path / ".ingest-abc" / "points.parquet").touch()
    with bench.driving():
        pass
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("name", ["STATE", "DATA", "CACHE", "ROOT", "CATALOGUE", "K6_PORT"])
def test_empty_setting_is_not_set(monkeypatch, name):
    monkeypatch.delenv(f"RUSHLAB_{name}", raising=False)
    without = read_settings()
    monkeypatch.setenv(f"RUSHLAB_{name}", "")
    assert read_settings() == without
