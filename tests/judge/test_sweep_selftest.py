"""Self-test of sweeps by simulation with fixed seeds: coverage, false alarms, what is found, the winner's curse."""

import math

import numpy as np
import pytest
from tests.judge.sweeps import differences, grid, logs, simulated, sweep

from rushlab.judge.effects import contrasts, effects
from rushlab.judge.experiment import arm_results, comparisons, ranking
from rushlab.judge.holm import holm
from rushlab.judge.outcome import outcome
from rushlab.judge.paired import paired
from rushlab.judge.pareto import METRICS, front
from rushlab.judge.winner import choose
from rushlab.model.comparison import Outcome
from rushlab.model.sweep import Standing

MANY = 2000
TWO = {"a": (0, 1), "b": (0, 1)}


def planted(a=1.0, b=1.0, both=1.0):
    """ln(metric): what a and b do by themselves, and what only both together do."""
    effects = {(0, 0): 0.0, (1, 0): math.log(a), (0, 1): math.log(b), (1, 1): math.log(a * b * both)}
    return lambda arm, metric: effects[arm.variant["a"], arm.variant["b"]]


@pytest.mark.parametrize("drift", [0.0, 0.03])
@pytest.mark.parametrize("blocks", [3, 6])
def test_intervals_of_main_effects_and_interaction_cover_the_truth(blocks, drift):
    plan, chance = sweep(blocks=blocks, **TWO), np.random.default_rng(blocks)
    # the true main effect of a is that without b and that with it, averaged
    truths = [math.log(0.8) + math.log(0.7) / 2, math.log(1.3) + math.log(0.7) / 2, math.log(0.7)]
    covered = np.zeros(3)
    for _ in range(MANY):
        values = logs(plan, chance, planted(0.8, 1.3, 0.7), drift=drift)
        for place, (contrast, truth) in enumerate(zip(contrasts(plan), truths, strict=True)):
            low, high = paired(list(differences(plan, contrast, values))).bounds(0.95)
            covered[place] += low <= truth <= high
    assert np.all((covered / MANY >= 0.935) & (covered / MANY <= 0.965)), covered / MANY


@pytest.mark.parametrize("drift", [0.0, 0.03])
def test_of_a_family_without_any_effect_at_most_one_in_twenty_claims_one(drift):
    plan, chance = sweep(a=(0, 1, 2), b=(0, 1)), np.random.default_rng(20)
    claimed = 0
    for _ in range(MANY):
        values = logs(plan, chance, lambda arm, metric: 0.0, drift=drift)
        found = [paired(list(differences(plan, one, values))) for one in contrasts(plan)]
        stands = [p < 0.05 for p in holm([one.p_t for one in found])]
        said = [outcome(one, 0.10, "lower", stands=holds) for one, holds in zip(found, stands, strict=True)]
        claimed += any(one in (Outcome.BETTER, Outcome.WORSE) for one in said)
    assert 0.001 <= claimed / MANY <= 0.055


def test_planted_interaction_is_found_and_none_is_not_claimed():
    plan, chance = sweep(**TWO), np.random.default_rng(30)
    counts = {1.0: 0, 0.6: 0}
    for both in counts:
        for _ in range(150):
            said = effects(plan, simulated(plan, planted(0.8, 0.9, both), chance))
            counts[both] += said[2].comparison.verdict is Outcome.BETTER
    assert counts[0.6] >= 0.80 * 150, counts
    assert counts[1.0] <= 0.05 * 150, counts


def test_best_of_many_equals_looks_better_and_fresh_runs_say_that_it_is_not():
    """Eight equal variants: the selected figure is biased by about a spread, the fresh one is not."""
    plan, chance = sweep(arms=grid(a=tuple(range(9)))), np.random.default_rng(40)
    selected, fresh = [], []
    for _ in range(MANY):
        values, again = (logs(plan, chance, lambda arm, metric: 0.0) for _ in range(2))
        means = (values[:, 1:] - values[:, :1]).mean(axis=0)
        best = int(np.argmin(means))
        selected.append(means[best])
        fresh.append((again[:, best + 1] - again[:, 0]).mean())
    assert np.mean(selected) < -0.05
    assert abs(np.mean(fresh)) < 4 * np.std(fresh) / math.sqrt(MANY)


def test_selection_goes_by_the_figures_of_the_runs():
    """The whole way, from runs to the chosen arm: the one that was lucky, not the one that is better."""
    plan, chance = sweep(arms=grid(a=tuple(range(9)))), np.random.default_rng(41)
    ratios = []
    for _ in range(25):
        runs = simulated(plan, lambda arm, metric: 0.0, chance)
        found, arms = comparisons(plan, runs), arm_results(plan, runs)
        chosen = choose(plan, arms, found, ranking(arms, found, "accept_p95_ms"))
        best = min(one.ratio for one in found)
        assert (chosen.ratio if chosen else max(best, 1.0)) == best, "nobody is chosen when the baseline looks best"
        ratios += [math.log(chosen.ratio)] if chosen else []
    assert np.mean(ratios) < -0.05


def standings(plan, effect, chance, noise=0.09):
    runs = simulated(plan, effect, chance, noise=noise, metrics=METRICS)
    return {one.arm: one.standing for one in front(plan, arm_results(plan, runs), runs).positions}


def test_of_equal_arms_at_most_one_front_in_twenty_claims_anything():
    plan, chance = sweep(arms=grid(a=(0, 1, 2, 3))), np.random.default_rng(50)
    wrong = sum(set(standings(plan, lambda arm, metric: 0.0, chance).values()) != {Standing.OPEN} for _ in range(600))
    assert wrong / 600 <= 0.05


def test_arms_that_are_exactly_alike_dominate_nobody():
    plan, chance = sweep(arms=grid(a=(0, 1, 2))), np.random.default_rng(52)
    said = [set(standings(plan, lambda arm, metric: 0.0, chance, noise=0.005).values()) for _ in range(200)]
    assert sum(Standing.DOMINATED in one for one in said) <= 0.05 * 200


def test_planted_domination_is_found_and_a_trade_off_is_none():
    plan, chance = sweep(arms=grid(a=(0, 1, 2))), np.random.default_rng(51)
    planted = {0: (0.0, 0.0), 1: (0.7, 0.0), 2: (-0.7, 0.7)}  # 1 is slower at the same cost, 2 faster and dearer
    counts = {arm.name: [] for arm in plan.arms}
    for _ in range(100):
        said = standings(plan, lambda arm, metric: planted[arm.variant["a"]][METRICS.index(metric)], chance, noise=0.02)
        for name, standing in said.items():
            counts[name].append(standing)
    assert counts["a=1"].count(Standing.DOMINATED) >= 95
    assert counts["baseline"].count(Standing.FRONT) >= 95
    assert counts["a=2"].count(Standing.FRONT) >= 95
