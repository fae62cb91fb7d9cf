"""The Pareto front stands or falls with its runs: what stops a comparison stops a standing."""

import numpy as np
import pytest
from msgspec.structs import replace
from tests.judge.sweeps import grid, simulated, sweep

from rushlab.judge.experiment import arm_results
from rushlab.judge.pareto import METRICS, front
from rushlab.model.sweep import Standing

#: ln of both metrics: `a=1` is dominated by both others, which trade one for the other.
PLANTED = {0: (0.0, 0.0), 1: (0.7, 0.7), 2: (-0.7, 0.6)}


@pytest.fixture
def plan():
    return sweep(arms=grid(a=(0, 1, 2)))


@pytest.fixture
def runs(plan):
    def effect(arm, metric):
        return PLANTED[arm.variant["a"]][METRICS.index(metric)]

    return simulated(plan, effect, np.random.default_rng(5), noise=0.01, metrics=METRICS)


def without(runs, *lost):
    """The same with runs (block, arm) that do not count."""
    return [replace(run, objection="INVALID: it is") if (run.block, run.arm) in lost else run for run in runs]


def found(plan, runs):
    made = front(plan, arm_results(plan, runs), runs)
    return {one.arm: one for one in made.positions}, made.claims


def test_an_arm_that_lost_too_many_blocks_has_no_standing(plan, runs):
    assert found(plan, runs)[0]["a=1"].standing is Standing.DOMINATED
    said, claims = found(plan, without(runs, *((block, "a=1") for block in (1, 3, 5))))
    assert (said["a=1"].standing, said["a=1"].beaten_by) == (Standing.OUTSIDE, ())
    assert said["a=1"].reason == "accept_p95_ms is known in 3 of 6 blocks: more than 20 % are lost"
    assert (said["baseline"].standing, said["a=2"].standing, claims) == (Standing.FRONT, Standing.FRONT, 2)


def test_two_arms_with_too_few_blocks_in_common_are_not_told_apart(plan, runs):
    said, _ = found(plan, without(runs, (1, "a=1"), (2, "baseline")))
    assert (said["a=1"].beaten_by, said["a=1"].undecided) == (("a=2",), ("baseline",))
    assert "a=1" in said["baseline"].undecided


def test_an_arm_that_is_left_alone_is_on_no_front(plan, runs):
    lost = [(block, arm) for block in (1, 2, 3, 4) for arm in ("a=1", "a=2")]
    said, claims = found(plan, without(runs, *lost))
    assert {one.standing for one in said.values()} == {Standing.OUTSIDE}
    assert "every other arm is outside" in said["baseline"].reason
    assert claims == 0


def test_an_order_that_is_none_gives_no_standing(plan, runs):
    ordered = sorted(runs, key=lambda run: (run.arm, run.block))
    said, _ = found(plan, [replace(run, position=place) for place, run in enumerate(ordered, 1)])
    assert {one.standing for one in said.values()} == {Standing.OUTSIDE}
    assert "did not follow one another" in said["a=1"].reason
