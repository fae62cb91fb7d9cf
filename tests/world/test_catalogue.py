"""The index follows the folders, which stay the truth."""

import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest
from sqlalchemy import event

from rushlab.model.errors import StorageError
from rushlab.model.profile import Profile
from rushlab.model.run import State
from rushlab.model.variant import Variant
from rushlab.world import catalogue
from rushlab.world.catalogue import refresh
from rushlab.world.folders import create_run
from rushlab.world.settings import Settings

PROFILE = Profile(
    name="smoke", title="Smoke", purpose="x", executor="constant-vus", pause_s=1, thresholds={}, vus=1, duration_s=10
)


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path, state=tmp_path / "state")


def new_run(settings, variant="report"):
    return create_run(settings.runs, PROFILE, 1.0, Variant(variant, {}), model="closed", environment={})


def test_new_changed_and_removed_runs_are_seen(settings):
    folder = new_run(settings)
    assert refresh(settings)["state"].tolist() == ["planned"]
    folder.advance(State.FAILED, problem="x")
    assert refresh(settings)["state"].tolist() == ["failed"]
    shutil.rmtree(folder.path)
    assert refresh(settings).empty


def test_copied_folder_and_damaged_record_do_not_break_the_list(settings):
    folder = new_run(settings)
    shutil.copytree(folder.path, settings.runs / "copy")
    damaged = new_run(settings, "recommended")
    (damaged.path / "run.json").write_text("{")
    listed = refresh(settings)
    assert listed["id"].tolist() == [folder.record.id] * 2


def test_lost_index_is_made_again(settings):
    new_run(settings)
    before = refresh(settings)
    (settings.data_folder / "catalogue.db").unlink()
    assert refresh(settings).equals(before)


def test_one_damaged_byte_in_a_record_hides_that_run_alone(settings):
    folder = new_run(settings)
    damaged = new_run(settings, "recommended").path / "run.json"
    damaged.write_bytes(damaged.read_bytes().replace(b"recommended", b"recommende\xff"))
    assert refresh(settings)["id"].tolist() == [folder.record.id]


def test_index_that_is_no_database_is_made_anew(settings):
    folder = new_run(settings)
    (settings.data_folder / "catalogue.db").write_text("this is not a database, it is a text of some length" * 10)
    assert refresh(settings)["id"].tolist() == [folder.record.id]


def test_index_of_other_columns_is_made_anew(settings):
    folder = new_run(settings)
    with closing(sqlite3.connect(settings.index)) as older:
        older.execute("CREATE TABLE runs (path TEXT PRIMARY KEY, changed REAL)")
        older.commit()
    assert refresh(settings)["id"].tolist() == [folder.record.id]


def test_catalogue_of_the_users_own_is_never_removed(tmp_path):
    own = tmp_path / "own.db"
    own.write_text("this is not a database, it is a text of some length" * 10)
    with pytest.raises(StorageError, match="Check RUSHLAB_CATALOGUE"):
        refresh(Settings(data=tmp_path / "data", catalogue=f"sqlite:///{own}"))
    assert own.exists()


def test_index_that_somebody_writes_is_waited_for_and_not_made_anew(settings, monkeypatch):
    monkeypatch.setattr(catalogue, "_WAIT_S", 0.05)
    new_run(settings)
    refresh(settings)
    with closing(sqlite3.connect(settings.index, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked") as caught:
            refresh(settings)
    assert "RUSHLAB_CATALOGUE" not in caught.value.sentence
    assert len(refresh(settings)) == 1


def test_two_who_look_at_once_in_a_fresh_checkout_both_see_the_runs(settings):
    new_run(settings)
    both = threading.Barrier(2)

    def wait_for_the_other(*_, **__):
        with suppress(threading.BrokenBarrierError):  # it waits for its turn, and so is not here
            both.wait(timeout=0.5)

    event.listen(catalogue.RUNS, "before_create", wait_for_the_other)
    try:
        with ThreadPoolExecutor(2) as pool:
            assert [len(seen) for seen in pool.map(refresh, [settings] * 2)] == [1, 1]
    finally:
        event.remove(catalogue.RUNS, "before_create", wait_for_the_other)
