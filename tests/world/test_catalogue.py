"""The index follows the folders, which stay the truth."""

import shutil

import pytest

from rushlab.model.errors import StorageError
from rushlab.model.profile import Profile
from rushlab.model.run import State
from rushlab.model.variant import Variant
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


def test_index_that_is_no_database_is_one_sentence(settings):
    settings.data_folder.mkdir(exist_ok=True)
    (settings.data_folder / "catalogue.db").write_text("this is not a database, it is a text of some length" * 10)
    with pytest.raises(StorageError, match="catalogue of runs cannot be used"):
        refresh(settings)
