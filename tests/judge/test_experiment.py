"""Comparisons of an experiment: what was declared is asked and counted, whatever became of its figures."""

import numpy as np
import pytest
from msgspec.structs import replace
from tests.judge.sweeps import grid, simulated, sweep

from rushlab.judge.experiment import comparisons

BOTH = ("accept_p95_ms", "confirm_p95_ms")


@pytest.fixture
def plan():
    """One arm by the plan's metric, two by another of which one is held against the other."""
    first, plain, partitions, more = grid(pool=(10, 20, 30, 40))
    own = {"metric": "confirm_p95_ms"}
    return sweep(arms=[first, plain, replace(partitions, **own), replace(more, **own, against=partitions.name)])


@pytest.fixture
def runs(plan):
    made = simulated(plan, lambda arm, metric: -0.4 * (arm.name == "pool=20"), np.random.default_rng(3), metrics=BOTH)
    why = {"confirm_p95_ms": "9 of 90 coupons were never confirmed"}
    return [
        replace(run, values=run.values | {"confirm_p95_ms": None}, reasons=why) if run.arm == "pool=30" else run
        for run in made
    ]


def test_declared_comparisons_without_any_figure_are_told_and_count_in_the_family(plan, runs):
    found = {(one.variant, one.baseline): one for one in comparisons(plan, runs) if one.declared}
    assert list(found) == [("pool=20", "baseline"), ("pool=30", "baseline"), ("pool=40", "pool=30")]
    known, *lost = found.values()
    assert known.p_adjusted == pytest.approx(3 * known.p_t)
    for one in lost:
        assert (one.verdict, one.ratio, one.k) == (None, None, 0)
        assert "100 % of the blocks are excluded" in one.reason
        assert {left.reason for left in one.excluded} == {"confirm_p95_ms: 9 of 90 coupons were never confirmed"}


def test_what_nobody_declared_and_nobody_measured_is_not_asked(plan, runs):
    more = replace(plan, others=("cpu_ms_per_request",))
    assert {one.metric for one in comparisons(more, runs)} == set(BOTH)
