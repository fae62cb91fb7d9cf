"""Runs of different times: what both runs of a block share is no part of the noise between them."""

import numpy as np
import pytest
from msgspec.structs import replace

from rushlab.judge.experiment import noise_sd, run_spread
from rushlab.judge.unpaired import Groups, compare_groups
from rushlab.model.comparison import Outcome
from rushlab.model.experiment_result import MeasuredRun, Noise

METRIC = "accept_p95_ms"


def a_a(logs):
    """Runs of an A/A experiment: a row of ln(metric) per block."""
    return [
        MeasuredRun(
            block=block, position=len(row) * block + place, arm="ab"[place], run="x", values={METRIC: np.exp(y)}
        )
        for block, row in enumerate(logs, 1)
        for place, y in enumerate(row)
    ]


def noise_of(logs):
    runs = a_a(logs)
    sd, k = noise_sd(runs, METRIC)
    run_sd, freedom = run_spread(runs, METRIC)
    return Noise(metric=METRIC, sd=sd, k=k, experiment="a-a", enough=True, run_sd=run_sd, run_freedom=freedom)


def blocks(chance, within, between, k=6):
    return chance.normal(0, between, (k, 1)) + chance.normal(0, within, (k, 2))


def single_pairs(within, between, pairs=200, seed=20261127):
    """Comparisons of two single runs of equal settings, each against an A/A experiment of its own."""
    chance = np.random.default_rng(seed)
    for _ in range(pairs):
        noise = noise_of(blocks(chance, within, between))
        first, second = np.exp(blocks(chance, within, between, k=2))[:, 0]
        groups = Groups("first", "second", [float(first)], [float(second)], METRIC, "lower", 0.1)
        yield compare_groups(groups, noise, judged=True)


@pytest.mark.parametrize(("within", "between"), [(0.02, 0.50), (0.14, 0.0), (0.05, 0.05)])
def test_equal_settings_of_different_times_are_seldom_told_apart(within, between):
    found = list(single_pairs(within, between))
    false = sum(one.verdict in (Outcome.BETTER, Outcome.WORSE) for one in found)
    assert false <= 0.10 * len(found)


def test_a_large_change_of_a_steady_machine_is_still_found():
    noise = noise_of(blocks(np.random.default_rng(1), 0.03, 0.0))
    found = compare_groups(Groups("first", "second", [100.0], [130.0], METRIC, "lower", 0.1), noise, judged=True)
    assert found.verdict is Outcome.WORSE


def test_spread_of_a_run_is_that_of_its_block_and_that_within_it():
    logs = np.array([[0.0, 0.2], [1.0, 1.2], [2.0, 2.2]])
    sd, freedom = run_spread(a_a(logs), METRIC)
    between, within = 1.0, 0.02  # variances of the blocks' means, and of the runs of a block
    variance = between + within / 2
    assert sd == pytest.approx(variance**0.5)
    assert freedom == pytest.approx(variance**2 / (between**2 / 2 + (within / 2) ** 2 / 3))


def test_spread_needs_two_blocks():
    assert run_spread(a_a([[0.0, 0.1]]), METRIC) == (None, 0.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"same_load": False, "load": "peak-1500 at scale 0.1"}, "is that of another load: peak-1500 at scale 0.1"),
        ({"enough": False, "k": 3}, "rests on 3 A/A blocks only"),
    ],
)
def test_a_spread_that_is_not_that_of_these_runs_is_said(changes, words):
    noise = replace(noise_of(blocks(np.random.default_rng(1), 0.03, 0.0)), **changes)
    found = compare_groups(Groups("first", "second", [100.0], [130.0], METRIC, "lower", 0.1), noise, judged=True)
    assert any(words in warning for warning in found.warnings)
    several = Groups("first", "second", [100.0, 101.0, 99.0], [130.0], METRIC, "lower", 0.1)
    assert len(compare_groups(several, noise).warnings) == 1, "the runs' own spread is used"
