"""A run goes its way step by step, and never looks whole when it is not."""

import os
import subprocess
import sys

import psutil
import pytest
from msgspec.structs import replace

from rushlab.model.errors import ResultError, StorageError
from rushlab.model.profile import Profile
from rushlab.model.run import State
from rushlab.model.variant import Variant
from rushlab.world.folders import all_runs, create_run, driver_of, open_run

PROFILE = Profile(
    name="smoke", title="Smoke", purpose="x", executor="constant-vus", pause_s=1, thresholds={}, vus=1, duration_s=10
)
VARIANT = Variant("report+pool_size=5", {"pool_size": 5})


@pytest.fixture
def folder(tmp_path):
    return create_run(tmp_path, PROFILE, 1.0, VARIANT, model="closed", environment={})


def walk(folder):
    folder.advance(State.RUNNING)
    folder.points_file.write_bytes(b"points")
    folder.advance(State.COLLECTED)
    folder.advance(State.VERIFIED)


def test_new_run_is_planned_and_can_be_read_again(folder, tmp_path):
    again = open_run(tmp_path, folder.record.id)
    assert again.record == folder.record
    assert again.record.state is State.PLANNED
    assert again.record.knobs == {"pool_size": 5}


def test_steps_cannot_be_jumped_or_undone(folder):
    with pytest.raises(ValueError, match="planned to verified"):
        folder.advance(State.VERIFIED)
    walk(folder)
    with pytest.raises(ValueError, match="verified to running"):
        folder.advance(State.RUNNING)


def test_changed_and_missing_artefacts_are_found(folder):
    walk(folder)
    assert folder.damaged() == []
    folder.points_file.write_bytes(b"other points")
    assert folder.damaged() == ["points.json.gz"]
    folder.points_file.unlink()
    assert folder.damaged() == ["points.json.gz"]


def test_runs_are_found_by_id_part_folder_and_last(folder, tmp_path):
    newer = create_run(tmp_path, PROFILE, 1.0, Variant("a", {}), model="closed", environment={})
    assert open_run(tmp_path, "pool_size").record.id == folder.record.id
    assert open_run(tmp_path, str(folder.path)).record.id == folder.record.id
    assert open_run(tmp_path, "last").record.id == newer.record.id
    with pytest.raises(ResultError, match="ambiguous"):
        open_run(tmp_path, "smoke")
    with pytest.raises(ResultError, match="no run 'peak'"):
        open_run(tmp_path, "peak")


def test_damaged_record_is_one_sentence_and_passed_over_in_lists(folder, tmp_path):
    (folder.path / "run.json").write_text('{"id": 1')
    with pytest.raises(ResultError, match="is damaged"):
        open_run(tmp_path, folder.path.name)
    assert list(all_runs(tmp_path)) == []


def test_half_written_record_leaves_the_old_one(folder, tmp_path):
    (folder.path / ".run.json.xyz").write_text("half")
    assert open_run(tmp_path, "last").record.state is State.PLANNED
    walk(folder)
    assert not any(name.startswith(".") for name in folder.record.artefacts)


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "runs").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="Cannot write"):
        create_run(tmp_path / "runs", PROFILE, 1.0, VARIANT, model="closed", environment={})


def test_who_makes_a_run_is_recorded_and_told_apart_from_who_does_not_live(folder):
    assert folder.record.environment["workbench"]["pid"] == os.getpid()
    assert driver_of(folder.record) is None, "this process is not another one"

    def made_by(pid, started):
        return replace(folder.record, environment={"workbench": {"pid": pid, "started": started}})

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        started = psutil.Process(other.pid).create_time()
        assert driver_of(made_by(other.pid, started)) == other.pid
        assert driver_of(made_by(other.pid, started - 60)) is None, "its number was given out again"
        other.communicate(b"\n")
    assert driver_of(made_by(other.pid, started)) is None
    assert driver_of(replace(folder.record, environment={})) is None, "an older record"
