"""The checks over all runs of an experiment: what a block torn by a later run costs, and what is undecided."""

import numpy as np
import pytest
from msgspec.structs import replace
from tests.judge.sweeps import grid, simulated, sweep

from rushlab.judge.experiment_checks import checks
from rushlab.judge.experiment_sentence import exploratory
from rushlab.model.experiment_result import Noise
from rushlab.model.verdict import Status

NOISE = Noise(metric="accept_p95_ms", sd=0.03, k=6, experiment="a-a", enough=True)
AGAIN = ("its record is missing. It is driven again.",)
LATER = 20_000.0


@pytest.fixture
def plan():
    return sweep(arms=grid(pool=(10, 20, 30)))


@pytest.fixture
def runs(plan):
    """Three arms in six blocks, a minute apart, each run with an audit."""
    made = simulated(plan, lambda arm, metric: 0.0, np.random.default_rng(1))
    return [
        replace(run, created=run.position * 60.0, checks={"V1": "PASS", "I1": "PASS"}, requests=5000) for run in made
    ]


def late(runs, chosen, by=LATER):
    """The same with the chosen runs driven again so many seconds later."""
    return [replace(run, created=run.created + by, again=AGAIN) if chosen(run) else run for run in runs]


def judged(plan, runs, noise=(NOISE,)):
    found = {check.id: check for check in checks(plan, runs, noise)}
    return found, exploratory(plan, tuple(found.values()), len({run.block for run in runs}))


def test_an_arm_that_was_driven_afterwards_did_not_follow_the_design(plan, runs):
    found, first_look = judged(plan, late(runs, lambda run: run.arm == "pool=20"))
    assert found["V11"].status is Status.FAIL
    assert "over 15 minutes from the rest of its block: 6 of 6 blocks" in found["V11"].evidence
    assert first_look == "the design was not followed (V11)"


@pytest.mark.parametrize(("torn", "status"), [(1, Status.WARN), (2, Status.FAIL)], ids=["1 of 6", "2 of 6"])
def test_a_fifth_of_the_blocks_may_be_torn(plan, runs, torn, status):
    found, first_look = judged(plan, late(runs, lambda run: run.arm == "pool=20" and run.block <= torn))
    assert found["V11"].status is status
    assert (first_look is None) is (status is Status.WARN)


def test_runs_driven_again_within_their_block_only_warn(plan, runs):
    found, first_look = judged(plan, late(runs, lambda run: run.arm == "pool=20", by=300.0))
    assert (found["V11"].status, first_look) == (Status.WARN, None)


def test_whole_blocks_driven_again_together_only_warn(plan, runs):
    found, first_look = judged(plan, late(runs, lambda run: run.block <= 3))
    assert (found["V11"].status, first_look) == (Status.WARN, None)


def test_an_unknown_check_of_the_run_is_no_undecided_invariant(plan, runs):
    found, _ = judged(plan, [replace(run, checks=run.checks | {"V7": "UNKNOWN"}) for run in runs])
    assert (found["V3"].status, found["V3"].evidence) == (Status.PASS, "")
    assert found["V7"].status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("backlog", "why"), [(40, "undecided in 3 runs (a backlog that had not drained)"), (0, "undecided in 3 runs")]
)
def test_undecided_invariants_are_counted_with_their_cause_where_it_is_known(plan, runs, backlog, why):
    undecided = [
        replace(run, checks=run.checks | {"I5": "UNKNOWN"}, backlog=backlog) if run.block == 1 else run for run in runs
    ]
    found, _ = judged(plan, undecided)
    assert (found["V3"].status, found["V3"].evidence) == (Status.UNKNOWN, why)


def test_two_blocks_are_no_screening(plan, runs):
    _, first_look = judged(replace(plan, blocks=2), [run for run in runs if run.block <= 2])
    assert first_look == "2 blocks give no verdict"


@pytest.fixture
def by_another(plan):
    """The plan with one arm that is judged by the time to confirm."""
    first, second = plan.variants
    return replace(plan, variants=(first, replace(second, metric="confirm_p95_ms")))


@pytest.mark.parametrize(
    ("confirming", "status", "words"),
    [
        ({}, Status.PASS, "confirm p95: spread of a block's difference 3.0%"),
        ({"sd": None, "k": 2, "reason": "confirm_p95_ms has a value in 2 A/A blocks only"}, Status.UNKNOWN, "2 A/A"),
        ({"k": 5, "enough": False}, Status.FAIL, "over 5 A/A blocks"),
        ({"sd": 0.5}, Status.WARN, "confirm p95: spread of a block's difference 50.0%"),
    ],
    ids=["known", "unknown", "few blocks", "above the margin"],
)
def test_the_noise_of_every_metric_that_an_arm_is_judged_by_is_asked_for(by_another, runs, confirming, status, words):
    noise = (NOISE, replace(NOISE, **({"metric": "confirm_p95_ms"} | confirming)))
    found, first_look = judged(by_another, runs, noise)
    assert found["V12"].status is status
    assert words in found["V12"].value
    assert (first_look is None) is (status in (Status.PASS, Status.WARN))
    assert ("confirm p95: the margin of 10% is below that" in found["V12"].evidence) is (status is Status.WARN)


def test_the_noise_of_what_is_exploratory_is_not(plan, runs):
    unknown = replace(NOISE, metric="confirm_p95_ms", sd=None, enough=False, reason="none")
    found, _ = judged(replace(plan, others=("confirm_p95_ms",)), runs, (NOISE, unknown))
    assert (found["V12"].status, found["V12"].value) == (
        Status.PASS,
        "spread of a block's difference 3.0% over 6 A/A blocks",
    )
