"""compare --baseline passes nothing that it cannot judge: whole experiments, zeros, runs without a value."""

import numpy as np
import pytest

from rushlab.flows.comparing import compare_named, compare_two, name_subject
from rushlab.flows.comparing_subjects import find_subject
from rushlab.model.comparison import Exclusion, Outcome
from rushlab.model.errors import ResultError, UsageError
from rushlab.model.verdict import ExitCode, Status

NOISE = np.random.default_rng(7).normal(0, 0.02, size=20)
LARGE = [{"name": "large", "set": {"pool_size": 20}}]


@pytest.fixture
def made(driver, tuning, plan):
    """Make an experiment of six blocks; its id."""

    def make(value=None, seed=5, **others):
        driver.value = value or (lambda arm, block: 100 * float(np.exp(NOISE[block])))
        driver.others = others
        return tuning.start(plan(blocks=6, seed=seed, variants=LARGE)).planned.id

    return make


@pytest.fixture
def held(bench, made):
    """Hold the baseline arm of a new experiment against one made before; what is found, and the exit code."""

    def hold(value=None, *, metric=None, before=None, **others):
        first = made(**(before or {}))
        name_subject(bench, "main", f"{first}:baseline", metric=metric, margin=None)
        return compare_named(bench, "main", f"{made(value, seed=8, **others)}:baseline")

    return hold


def test_a_whole_experiment_is_no_group_of_runs(bench, made):
    experiment = made()
    run = find_subject(bench, f"{experiment}:baseline").runs[0].run
    name_subject(bench, "main", f"{experiment}:baseline", metric=None, margin=None)
    with pytest.raises(UsageError, match="name an arm"):
        compare_named(bench, "main", experiment)
    for names in ((experiment, run), (run, experiment), (experiment, f"{experiment}:large")):
        with pytest.raises(UsageError, match="name an arm"):
            compare_two(bench, *names)


def test_a_zero_is_no_missing_value(held):
    found, code = held(metric="success_rate", before={"success_rate": 0.99}, success_rate=0.0)
    assert (found.verdict, found.ratio, code) == (None, None, ExitCode.NO_RESULT)
    assert "success_rate is 0 in 6 of 6 runs of" in found.reason
    assert "no ratio" in found.reason


def test_a_zero_in_one_run_is_not_left_out(held):
    found, code = held(lambda arm, block: 0.0 if block == 3 else 100.0)
    assert (found.verdict, code) == (None, ExitCode.NO_RESULT)
    assert "accept_p95_ms is 0 in 1 of 6 runs of" in found.reason


def test_no_value_at_all_is_no_result(held):
    found, code = held(lambda arm, block: None)
    assert (found.verdict, code) == (None, ExitCode.NO_RESULT)
    assert "no run of" in found.reason
    assert "accept_p95_ms: the test says so" in found.reason


def test_runs_without_a_value_are_listed_and_too_many_give_no_verdict(held):
    found, code = held(lambda arm, block: 300.0 if block == 1 else None)
    assert (found.verdict, found.k, code) == (None, 1, ExitCode.NO_RESULT)
    assert "83.3 % of the runs of" in found.reason
    assert [one.block for one in found.excluded] == ["2", "3", "4", "5", "6"]
    assert {one.reason for one in found.excluded} == {"accept_p95_ms: the test says so"}


def test_one_of_six_may_be_left_out_and_is_listed(held):
    found, code = held(lambda arm, block: None if block == 4 else 300.0)
    assert (found.verdict, code) == (Outcome.WORSE, ExitCode.THRESHOLD_MISSED)
    assert found.excluded == (Exclusion("4", found.variant, "accept_p95_ms: the test says so"),)


def test_without_a_known_spread_nothing_is_judged_and_nothing_passes(bench, made):
    runs = find_subject(bench, f"{made()}:baseline").runs
    name_subject(bench, "main", runs[0].run, metric=None, margin=None)
    found, code = compare_named(bench, "main", runs[1].run)
    assert (found.verdict, code) == (None, ExitCode.NO_RESULT)
    assert "no spread is known" in found.reason


def test_faster_but_wrong_is_no_better_than_a_baseline(bench, driver, made):
    first = made()
    name_subject(bench, "main", f"{first}:baseline", metric=None, margin=None)
    driver.audit = lambda arm, block: Status.FAIL if block == 2 else Status.PASS
    second = made(lambda arm, block: 50.0, seed=8)
    found, code = compare_named(bench, "main", f"{second}:baseline")
    assert (found.verdict, code) == (None, ExitCode.INVARIANT_FAILED)
    with pytest.raises(ResultError, match="cannot be a baseline: I1 failed"):
        name_subject(bench, "wrong", f"{second}:baseline", metric=None, margin=None)
