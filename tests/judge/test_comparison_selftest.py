"""Self-test of the comparison by simulation with fixed seeds: how often it errs, how often it finds.

A run's ln(metric) has 9 % noise; `drift` is what the machine moves from one run to the next, so 3 % is 33 % over an
experiment of six blocks. Orders come from `design.draw`.
"""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from rushlab.judge.comparison import Question, compare
from rushlab.judge.design import draw
from rushlab.judge.outcome import differs, outcome
from rushlab.judge.paired import paired
from rushlab.model.comparison import Design, Outcome

NOISE = 0.09
MANY = 4000


def experiment(k, change, chance, *, drift=0.0, noise=NOISE):
    """One simulated experiment: its runs in order, with the logarithm of their metric."""
    runs = draw(["a", "b"], k, int(chance.integers(1 << 31)))[1:]
    logs = [math.log(change) * (run.variant == "b") + drift * run.position for run in runs]
    return runs, np.asarray(logs) + chance.normal(0, noise, len(runs))


def shares(k, change, seed, **more):
    """Share of each verdict, and of "differs", over many experiments."""
    chance, counts = np.random.default_rng(seed), Counter()
    for _ in range(MANY):
        runs, logs = experiment(k, change, chance, **more)
        pairs = zip(runs[::2], logs[::2], logs[1::2], strict=True)
        estimate = paired([later - first if run.variant == "a" else first - later for run, first, later in pairs])
        counts.update([outcome(estimate, 0.10, "lower"), "differs" if differs(estimate) else ""])
    return {what: counts[what] / MANY for what in (*Outcome, "differs")}


@pytest.mark.parametrize("drift", [0.0, 0.03])
@pytest.mark.parametrize("k", [3, 6, 10])
def test_the_same_variant_twice(k, drift):
    found = shares(k, 1.0, seed=k, drift=drift)
    assert 0.03 <= found["differs"] <= 0.07
    assert found[Outcome.BETTER] + found[Outcome.WORSE] <= 0.05


@pytest.mark.parametrize(("k", "least"), [(6, 0.74), (5, 0.60)])
def test_a_planted_change_is_found(k, least):
    found = shares(k, 1.2, seed=20 + k)
    assert found[Outcome.WORSE] >= least
    assert found[Outcome.BETTER] == 0


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.05, NOISE])
@pytest.mark.parametrize("change", [1.1, 1 / 1.1])
def test_a_change_of_the_margin_is_rarely_called_equivalent(change, noise):
    assert shares(6, change, seed=5, noise=noise)[Outcome.EQUIVALENT] <= 0.06


def test_the_whole_way_says_the_same():
    """From a frame of runs, through the design, to the verdict: as from the differences alone."""
    chance = np.random.default_rng(11)
    for change in (1.0, 1.2) * 60:
        runs, logs = experiment(6, change, chance)
        table = [
            {"block": run.block, "variant": run.variant, "value": value, "order": run.position}
            for run, value in zip(runs, np.exp(logs), strict=True)
        ]
        (found,) = compare(Question(pd.DataFrame(table), "a"))
        by_name = [
            dict(zip((r.variant for r in runs[i : i + 2]), logs[i : i + 2], strict=True)) for i in range(0, 12, 2)
        ]
        estimate = paired([block["b"] - block["a"] for block in by_name])
        assert found.design is Design.RANDOMISED
        assert (found.verdict, found.differs) == (outcome(estimate, 0.10, "lower"), differs(estimate))


def test_a_sequence_that_was_not_interleaved_gets_no_verdict():
    """All A, then all B: on a drifting machine their differences would have been taken for an effect."""
    chance = np.random.default_rng(12)
    for _ in range(20):
        logs = 0.03 * np.arange(12) + chance.normal(0, NOISE, 12)
        table = {"block": [*range(6)] * 2, "variant": ["a"] * 6 + ["b"] * 6, "value": np.exp(logs), "order": range(12)}
        (found,) = compare(Question(pd.DataFrame(table), "a"))
        assert (found.verdict, found.differs, found.design) == (None, None, Design.NOT_INTERLEAVED)
