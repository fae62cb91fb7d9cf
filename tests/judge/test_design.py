"""Randomised complete blocks: drawn from a seed, recognised from a record."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushlab.judge.design import draw, examine
from rushlab.model.comparison import Design
from rushlab.model.errors import UsageError


def record(*blocks):
    runs = [(number, variant) for number, block in enumerate(blocks, 1) for variant in block]
    return pd.DataFrame(
        [{"block": str(number), "variant": variant, "order": place} for place, (number, variant) in enumerate(runs, 1)]
    )


@settings(max_examples=60)
@given(st.integers(2, 5), st.integers(2, 8), st.integers(0, 2**32))
def test_a_drawn_plan_is_randomised_complete_blocks(variants, blocks, seed):
    names = list("abcdef"[:variants])
    settling, *runs = draw(names, blocks, seed)
    assert (settling.position, settling.block, settling.variant, settling.settling) == (0, 0, "a", True)
    assert [run.position for run in runs] == list(range(1, variants * blocks + 1))
    for block in range(1, blocks + 1):
        assert sorted(run.variant for run in runs if run.block == block) == names
    recorded = pd.DataFrame([{"block": r.block, "variant": r.variant, "order": r.position} for r in runs])
    found = examine(recorded)
    assert (found.design, found.reason, found.warning) == (Design.RANDOMISED, None, None)


def test_a_seed_means_one_order_for_ever():
    assert [run.variant for run in draw(["a", "b", "c"], 4, seed=7)] == list("abaccabcabcab")
    assert draw(["a", "b"], 6, seed=1) != draw(["a", "b"], 6, seed=2)


def test_both_orders_are_drawn_equally_often():
    first = [run.variant for seed in range(400) for run in draw(["a", "b"], 6, seed) if run.position % 2 == 1]
    assert 0.47 < first.count("a") / len(first) < 0.53


def test_arms_that_are_held_against_each_other_change_their_order_from_six_blocks_on():
    names = list("abcdefghi")

    def swaps(seed, pairs):
        orders = {}
        for run in draw(names, 6, seed, pairs)[1:]:
            orders.setdefault(run.block, []).append(run.variant)
        return [len({order.index(one) < order.index(two) for order in orders.values()}) for one, two in combinations]

    combinations = [("a", name) for name in names[1:]]
    assert any(1 in swaps(seed, ()) for seed in range(20))
    assert not any(1 in swaps(seed, combinations) for seed in range(20))
    assert draw(names, 3, 1, combinations) == draw(names, 3, 1)


@pytest.mark.parametrize(
    ("variants", "blocks", "words"),
    [(["a"], 6, "nothing to compare"), (["a", "a"], 6, "named twice"), (["a", "b"], 0, "0 blocks")],
)
def test_what_cannot_be_drawn(variants, blocks, words):
    with pytest.raises(UsageError, match=words):
        draw(variants, blocks, 1)


def test_blocks_that_were_left_and_entered_again_are_not_interleaved():
    runs = record("ab", "ba", "ab")
    assert examine(runs).design is Design.RANDOMISED
    found = examine(runs.assign(order=[1, 3, 2, 4, 5, 6]))
    assert found.design is Design.NOT_INTERLEAVED
    assert found.reason.startswith("the runs of block 1 did not follow one another")


def test_an_incomplete_block_is_judged_by_what_ran():
    assert examine(record("ab", "b", "ba", "ab")).design is Design.RANDOMISED


@pytest.mark.parametrize(
    ("blocks", "design"),
    [
        (["ab"] * 5, Design.RANDOMISED),  # chance makes it so in 1 of 16 experiments
        (["ab"] * 6, Design.FIXED),  # 1 of 32
        (["abc"] * 2, Design.RANDOMISED),  # 1 of 6
        (["abc"] * 3, Design.FIXED),  # 1 of 36
    ],
)
def test_the_same_order_everywhere_is_fixed_when_chance_does_not_explain_it(blocks, design):
    found = examine(record(*blocks))
    assert found.design is design
    assert "cannot be told from its place" in (found.reason or found.warning)


def test_times_that_repeat_are_no_places():
    days = pd.to_datetime(["2026-11-01", "2026-11-02", "2026-11-02", "2026-11-03"], utc=True)
    with pytest.raises(UsageError, match="The order says 2026-11-02 00:00:00\\+00:00 twice"):
        examine(record("ab", "ba").assign(order=days))
    with pytest.raises(UsageError, match="twice"):
        examine(record("ab", "ba").assign(order=["first", "second", "second", "third"]))
