"""Effects of crossed knobs: literal arithmetic, what is not claimed, and what a block or an arm takes with it."""

import math

import numpy as np
import pytest
from msgspec.structs import replace
from tests.judge.sweeps import grid, simulated, sweep

from rushlab.judge.effects import contrasts, effects
from rushlab.model.comparison import Outcome
from rushlab.model.plan import Arm
from rushlab.model.variant import Variant

POOL = {"pool": (10, 2, 20), "outbox": ("per-request", "grouped")}


def exactly(table):
    """ln(metric) of an arm from its values of pool and outbox."""
    return lambda arm, metric: math.log(table[arm.variant["pool"], arm.variant["outbox"]])


#: Pools matter with a transaction per request only; grouped commits halve the time.
TIMES = {
    (10, "per-request"): 1.0,
    (2, "per-request"): 4.0,
    (20, "per-request"): 0.8,
    (10, "grouped"): 0.5,
    (2, "grouped"): 0.5,
    (20, "grouped"): 0.5,
}


def found(runs, plan):
    return {one.comparison.variant: one for one in effects(plan, runs) if one.comparison.metric == "accept_p95_ms"}


def test_main_effects_are_geometric_means_over_the_other_knob_and_interactions_ratios_of_ratios():
    plan = sweep(**POOL)
    said = found(simulated(plan, exactly(TIMES), np.random.default_rng(1), noise=0.0), plan)
    ratios = {name: one.comparison.ratio for name, one in said.items()}
    assert ratios == pytest.approx(
        {
            "pool=2": 2.0,  # √(4 · 1)
            "pool=20": math.sqrt(0.8),
            "outbox=grouped": math.prod((0.5, 0.125, 0.625)) ** (1 / 3),
            "pool=2 × outbox=grouped": 1.0 / 4.0,
            "pool=20 × outbox=grouped": 1.0 / 0.8,
        }
    )
    assert said["pool=2"].comparison.baseline == "pool=10"
    assert said["pool=2 × outbox=grouped"].comparison.baseline == "pool=10 × outbox=per-request"
    assert [said[name].arms for name in ("pool=2", "outbox=grouped", "pool=2 × outbox=grouped")] == [2, 3, 2]


def test_planted_interaction_is_found_and_none_is_not_claimed():
    plan = sweep(**POOL)
    chance = np.random.default_rng(2)
    said = found(simulated(plan, exactly(TIMES), chance, noise=0.05), plan)
    assert said["pool=2 × outbox=grouped"].comparison.verdict is Outcome.BETTER
    separate = {(pool, outbox): pool / 10 * (0.5 if outbox == "grouped" else 1) for pool, outbox in TIMES}
    said = found(simulated(plan, exactly(separate), chance, noise=0.02), plan)
    interactions = [one.comparison for one in said.values() if one.kind == "interaction"]
    assert {one.verdict for one in interactions} == {Outcome.EQUIVALENT}
    assert said["pool=2"].comparison.ratio == pytest.approx(0.2, rel=0.05)


def test_three_knobs_have_their_interactions_two_by_two():
    plan = sweep(a=(0, 1), b=(0, 1), c=(0, 1))
    names = [one.name(one.after) for one in contrasts(plan)]
    assert names == ["a=1", "b=1", "c=1", "a=1 × b=1", "a=1 × c=1", "b=1 × c=1"]
    assert all(len(one.plus) == len(one.minus) == 4 for one in contrasts(plan))
    assert all(not set(one.plus) & set(one.minus) for one in contrasts(plan))


def test_one_knob_at_a_time_has_no_interaction_and_compares_with_the_baseline():
    arms = [
        arm for arm in grid(**POOL) if arm.name in ("baseline", "pool=2 outbox=per-request", "pool=10 outbox=grouped")
    ]
    plan = sweep(arms=arms, crossing="one-factor", pool=(10, 2), outbox=("per-request", "grouped"))
    assert [(one.kind, one.plus, one.minus) for one in contrasts(plan)] == [
        ("main", ("pool=2 outbox=per-request",), ("baseline",)),
        ("main", ("pool=10 outbox=grouped",), ("baseline",)),
    ]


def test_arms_that_change_anything_else_are_in_no_effect():
    arms = grid(a=(0, 1), b=(0, 1))
    arms = [replace(arm, variant=replace(arm.variant, settings=arm.variant.settings | {"c": 0})) for arm in arms]
    alien = replace(
        arms[1], name="alien", variant=replace(arms[1].variant, settings=arms[1].variant.settings | {"c": 1})
    )
    plan = sweep(arms=[*arms, alien], a=(0, 1), b=(0, 1))
    assert all("alien" not in one.arms for one in contrasts(plan))


def named(name, **settings):
    return Arm(name=name, variant=Variant(name, settings))


def test_a_named_variant_of_several_changes_is_in_no_effect_of_one_knob_at_a_time():
    cells = [arm for arm in grid(pool=(10, 2), outbox=("per-request", "grouped")) if "pool=2 outbox=g" not in arm.name]
    both = named("both", pool=2, outbox="grouped")
    plan = sweep(arms=[*cells, both], crossing="one-factor", pool=(10, 2), outbox=("per-request", "grouped"))
    assert [(one.plus, one.minus) for one in contrasts(plan)] == [
        (("pool=2 outbox=per-request",), ("baseline",)),
        (("pool=10 outbox=grouped",), ("baseline",)),
    ]


def test_a_named_variant_with_a_value_that_is_not_crossed_is_in_no_effect():
    plan = sweep(arms=[*grid(a=(0, 1), b=(0, 1)), named("third", a=2, b=1)], a=(0, 1), b=(0, 1))
    assert all("third" not in one.arms for one in contrasts(plan))
    assert {len(one.plus) for one in contrasts(plan)} == {2}


def test_a_named_variant_of_the_other_half_is_in_no_effect_of_a_half_fraction():
    half = [arm for arm in grid(a=(0, 1), b=(0, 1), c=(0, 1)) if sum(arm.variant.settings.values()) % 2 == 0]
    plan = sweep(arms=[*half, named("other half", a=1, b=0, c=0)], crossing="fractional", a=(0, 1), b=(0, 1), c=(0, 1))
    assert all("other half" not in one.arms for one in contrasts(plan))
    assert {(len(one.plus), len(one.minus)) for one in contrasts(plan)} == {(2, 2)}


def test_block_without_one_of_the_arms_is_lost_for_the_effects_that_need_it():
    plan = sweep(**POOL)
    runs = simulated(plan, exactly(TIMES), np.random.default_rng(3))
    missing = "pool=2 outbox=grouped"
    runs = [replace(run, objection="k6 failed") if (run.block, run.arm) == (4, missing) else run for run in runs]
    said = found(runs, plan)
    assert {name: one.comparison.k for name, one in said.items()} == {
        "pool=2": 5,
        "pool=20": 6,
        "outbox=grouped": 5,
        "pool=2 × outbox=grouped": 5,
        "pool=20 × outbox=grouped": 6,
    }
    (left_out,) = said["pool=2"].comparison.excluded
    assert (left_out.block, left_out.variant, left_out.reason) == ("4", missing, "k6 failed")


def test_effect_that_rests_on_a_wrong_arm_has_no_verdict():
    plan = sweep(**POOL)
    runs = simulated(plan, exactly(TIMES), np.random.default_rng(4), noise=0.02)
    runs = [replace(run, wrong=("I1",)) if run.arm == "pool=2 outbox=grouped" else run for run in runs]
    said = found(runs, plan)
    assert said["pool=2"].comparison.verdict is None
    assert "I1 failed" in said["pool=2"].comparison.reason
    assert said["pool=20"].comparison.verdict is Outcome.BETTER


def test_order_that_was_not_interleaved_gives_no_effect():
    plan = sweep(a=(0, 1), b=(0, 1))
    runs = simulated(plan, lambda arm, metric: 0.0, np.random.default_rng(5))
    ordered = sorted(runs, key=lambda run: (run.arm, run.block))
    runs = [replace(run, position=place) for place, run in enumerate(ordered, 1)]
    assert {one.comparison.verdict for one in effects(plan, runs)} == {None}


def test_other_metrics_are_exploratory_and_outside_the_family():
    plan = replace(sweep(a=(0, 1), b=(0, 1)), others=("cpu_ms_per_request",))
    both = ("accept_p95_ms", "cpu_ms_per_request")
    runs = simulated(plan, lambda arm, metric: 0.0, np.random.default_rng(6), metrics=both)
    said = effects(plan, runs)
    assert [(one.comparison.metric, one.comparison.declared) for one in said] == [
        *[("accept_p95_ms", True)] * 3,
        *[("cpu_ms_per_request", False)] * 3,
    ]
    alone = effects(replace(plan, others=()), runs)
    assert [one.comparison for one in alone] == [one.comparison for one in said[:3]]


def test_plan_without_crossed_knobs_has_no_effects():
    plan = sweep(arms=grid(a=(0, 1)))
    assert effects(plan, simulated(plan, lambda arm, metric: 0.0, np.random.default_rng(7))) == ()
