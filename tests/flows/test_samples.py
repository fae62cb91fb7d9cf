"""The recorded runs that come with the project: whole, of both presets, free of this machine."""

from pathlib import Path

import pytest

from rushlab.flows.report import study_exit_code
from rushlab.flows.studies import gather
from rushlab.flows.workbench import Workbench
from rushlab.judge.stages import stages
from rushlab.model.verdict import ExitCode, Status
from rushlab.show.views import Study
from rushlab.world.settings import PROJECT

SAMPLES = PROJECT / "data/samples"


@pytest.fixture(scope="module")
def study() -> Study:
    return gather(Workbench.open(), [str(SAMPLES)])


def test_the_folder_is_a_study_of_both_presets_and_its_files_are_what_they_were(study: Study) -> None:
    assert list(study.variants) == ["report", "recommended"]
    assert study.profiles == ["smoke", "peak-1500", "peak-2000", "sold-out"]
    assert study_exit_code(study) == ExitCode.OK


def test_every_recorded_run_kept_its_promises_and_can_be_cut(study: Study) -> None:
    for view in study:
        assert view.audit is Status.PASS
        assert view.stages is not None and view.figures is not None
        assert len(view.stages) == len(stages(view.run.profile))
        assert 0.9 * view.figures.requests < view.stages["requests"].sum() <= view.figures.requests
        assert view.populations is not None and view.populations["requests"].sum() == view.figures.requests


def test_the_first_stage_of_a_rush_holds_no_more_users_than_it_plans(study: Study) -> None:
    """Half a second, in which k6 took one sample of its users or none."""
    for view in study:
        if view.run.profile.stages and view.stages is not None:
            assert 25 < view.stages["mean_vus"].iloc[0] < 100, view.label


def test_the_recording_is_small_and_names_no_folder_of_the_machine_it_was_made_on() -> None:
    files = [file for file in SAMPLES.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 5_000_000
    for file in files:
        if file.suffix in (".json", ".log"):
            assert not any(
                folder in file.read_text("utf-8") for folder in ("/root/", "/home/", "/tmp/", str(Path.home()))
            )
