"""What `--resume` goes on with, when it says that nothing is left, and what damage to the fresh runs takes with it."""

import json

import numpy as np
import pytest

from rushlab.flows.confirming import confirm
from rushlab.flows.experiments import open_result, trials
from rushlab.flows.resuming import find_unfinished
from rushlab.flows.tuning import TuneOrder, export_experiment
from rushlab.model.errors import LoadError, ResultError, UsageError
from rushlab.world import experiments
from rushlab.world.experiments import confirmation_of, open_experiment, run_of

NOISE = np.random.default_rng(51).normal(0, 0.02, size=(1000,))
LARGE = [{"name": "large", "set": {"pool_size": 20}}]


@pytest.fixture
def pools(driver, plan):
    """A plan of one larger pool in three blocks, confirmed in three; `factor` is what the pool takes of the time."""

    def make(factor=0.7, **fields):
        driver.value = lambda arm, block: (
            100 * (factor if arm == "large" else 1) * float(np.exp(NOISE[len(driver.orders)]))
        )
        return plan(**({"variants": LARGE, "confirm": 3} | fields))

    return make


@pytest.fixture
def damaged(tuning, pools):
    """An experiment whose fresh runs have lost their state."""
    folder = tuning.start(pools(blocks=6))
    confirm(tuning, folder, 3)
    (folder.path / "confirmation" / "state.json").unlink()
    return folder


def test_damaged_fresh_runs_hide_neither_the_experiment_nor_the_trials(bench, driver, tuning, plan, damaged, tmp_path):
    result = open_result(bench, damaged.planned.id)
    assert result.winner.confirmation.comparison is None
    assert "confirmation/state.json is missing" in result.winner.confirmation.reason
    assert "the fresh runs cannot be read" in result.winner.sentence
    assert "the fresh runs cannot be read" in result.sentence
    written = export_experiment(bench, damaged.planned.id, "json", tmp_path / "it.json")
    assert json.loads(written.read_text())["comparisons"][0]["verdict"] == "better"
    tuning.start(plan(a_a=True, variants=[], blocks=6))
    assert [found.verdict for found in trials(bench, driver.environment)] == ["better"]


def test_damaged_fresh_runs_are_named_when_they_are_to_go_on(bench, damaged):
    with pytest.raises(ResultError, match=r"state\.json is missing"):
        TuneOrder.parse(bench, damaged.planned.id, resume=True)


@pytest.mark.parametrize("written", [0, 1], ids=["nothing was written", "one file was"])
def test_killed_while_the_fresh_runs_were_planned_they_can_be_planned_again(tuning, pools, monkeypatch, written):
    folder = tuning.start(pools())
    write, done = experiments.write_json, []

    def killed(path, value):
        if len(done) == written:
            raise KeyboardInterrupt
        done.append(write(path, value))

    monkeypatch.setattr(experiments, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        confirm(tuning, folder, 3)
    monkeypatch.setattr(experiments, "write_json", write)
    confirm(tuning, folder, 3)
    assert confirmation_of(folder).progress.complete


def test_two_experiments_of_one_name_are_not_mixed(bench, tuning, pools):
    folder = tuning.start(pools())
    with pytest.raises(Exception, match="File exists"):
        experiments.create_experiment(bench.settings.experiments, folder.planned)


def test_a_failed_experiment_drives_nothing_more(bench, driver, tuning, pools):
    def fail(position):
        if position > 0:
            raise LoadError("k6 failed")

    driver.before = fail
    with pytest.raises(ResultError, match="2 of 6 runs are excluded"):
        tuning.start(pools())
    driver.before = lambda position: None
    before = len(driver.orders)
    with pytest.raises(ResultError, match="2 of 6 runs are excluded"):
        tuning.resume(open_experiment(bench.settings.experiments, "last"))
    assert len(driver.orders) == before


def test_failed_fresh_runs_drive_nothing_more(driver, tuning, pools):
    folder = tuning.start(pools())

    def fail(position):
        if position > 0:
            raise LoadError("k6 failed")

    driver.before = fail
    with pytest.raises(ResultError, match=f"rushlab experiment {folder.planned.id}$"):
        confirm(tuning, folder, 3)
    driver.before = lambda position: None
    before = len(driver.orders)
    with pytest.raises(ResultError, match="2 of 6 runs are excluded"):
        confirm(tuning, folder, 3)
    assert len(driver.orders) == before


def test_without_a_better_variant_nothing_is_left_to_do(bench, tuning, pools):
    made = pools(factor=1.5)
    folder = tuning.start(made)
    confirm(tuning, folder, 3)
    told = "no variant looks better than the baseline, so that nothing is to be confirmed"
    with pytest.raises(UsageError, match=f"nothing is left to do in {folder.planned.id}: .*{told}"):
        find_unfinished(bench, made)
    with pytest.raises(UsageError, match=f"Nothing is left to do in experiment {folder.planned.id}: .*{told}"):
        TuneOrder.parse(bench, folder.planned.id, resume=True)


def test_what_is_confirmed_has_nothing_left_and_what_is_not_has(bench, tuning, pools):
    folder = tuning.start(pools())
    assert TuneOrder.parse(bench, folder.planned.id, resume=True).confirm == 3
    confirm(tuning, folder, 3)
    with pytest.raises(UsageError, match="its runs are all made, those that confirm its winner too"):
        TuneOrder.parse(bench, folder.planned.id, resume=True)


def test_an_experiment_that_lost_a_run_is_not_done(bench, tuning, pools):
    folder = tuning.start(pools(confirm=0))
    with pytest.raises(UsageError, match="its runs are all made"):
        TuneOrder.parse(bench, "last", resume=True)
    lost = run_of(folder, folder.planned.places[3], bench.settings.runs)
    (lost.path / "measures.json").unlink()
    assert TuneOrder.parse(bench, "last", resume=True).resumed.planned.id == folder.planned.id


def test_what_selects_nothing_plans_no_confirmation(bench, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("metric: accept_p95_ms\na_a: true\nconfirm: 3\n")
    with pytest.raises(UsageError, match="no winner to confirm"):
        TuneOrder.parse(bench, str(path))
