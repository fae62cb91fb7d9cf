"""Comparisons with known answers: by hand, by scipy's own tests, by enumeration."""

import itertools
import math

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from rushlab.judge.comparison import Question, compare, compare_all
from rushlab.model.comparison import Design, Exclusion, Outcome
from rushlab.model.errors import UsageError

A = [100, 104, 97, 110, 102, 99]
B = [121, 119, 125, 128, 117, 126]
#: Which ran first in each block.
ORDERS = ("ab", "ba", "ba", "ab", "ba", "ab")


def frame(orders=ORDERS, **values):
    """Runs of variants a, b … with their sequence; `orders` None: not recorded."""
    rows = [
        {"block": block, "variant": name, "value": list(values[name])[block - 1], "order": place}
        for place, (block, name) in enumerate(
            ((block, name) for block in range(1, len(values["a"]) + 1) for name in _order(orders, values, block)), 1
        )
    ]
    runs = pd.DataFrame(rows)
    return runs if orders else runs.drop(columns="order")


def _order(orders, values, block):
    return orders[block - 1] if orders else "".join(values)


def one(runs, **more):
    (comparison,) = compare(Question(runs, "a", **more))
    return comparison


def test_ratio_interval_and_p_are_those_of_the_paired_t_test():
    found = one(frame(a=A, b=B))
    differences = np.log(B) - np.log(A)
    test = ttest_1samp(differences, 0)
    interval = test.confidence_interval(0.95)
    assert found.ratio == pytest.approx(math.exp(differences.mean()), rel=1e-12)
    assert found.interval == pytest.approx((math.exp(interval.low), math.exp(interval.high)), rel=1e-12)
    assert found.p_t == pytest.approx(test.pvalue, rel=1e-9)
    assert found.equivalence_interval == pytest.approx(np.exp(test.confidence_interval(0.90)), rel=1e-12)


def test_worse_with_every_fact_beside_it():
    found = one(frame(a=A, b=B))
    assert (found.verdict, found.differs, found.matters, found.k) == (Outcome.WORSE, True, True, 6)
    assert found.p == 2 / 64
    assert found.design is Design.RANDOMISED
    assert found.reason == "differs (+20.3 %, interval 1.14 to 1.27) and matters (outside 0.909 to 1.1)"
    assert found.warnings == ()


def test_higher_can_be_better():
    assert one(frame(a=A, b=B), better="higher").verdict is Outcome.BETTER
    assert one(frame(a=B, b=A), better="higher").verdict is Outcome.WORSE
    assert one(frame(a=B, b=A)).verdict is Outcome.BETTER


def test_equivalent_although_it_differs():
    found = one(frame(a=[100] * 6, b=[102, 102.1, 101.9, 102, 102.1, 101.9]))
    assert (found.verdict, found.differs, found.matters) == (Outcome.EQUIVALENT, True, False)


@pytest.mark.parametrize(
    ("b", "words"),
    [
        ([100, 155, 96, 130, 140, 90], "would matter, but it is not shown to differ"),
        ([107, 116, 102, 120, 113, 106.5], "differs (+8.5 %), but is not shown to matter, nor to be equivalent"),
        ([110, 95, 112, 97, 120, 93], "not shown to differ"),
    ],
)
def test_inconclusive_says_what_is_missing(b, words):
    found = one(frame(a=A, b=b))
    assert found.verdict is Outcome.INCONCLUSIVE
    assert words in found.reason


def test_screening_has_a_verdict_but_no_p():
    found = one(frame(a=A[:5], b=B[:5]))
    assert found.verdict is Outcome.WORSE
    assert found.p is None
    assert found.p_reason == "with 5 blocks the smallest attainable p is 2/2^5 = 0.0625"
    assert found.warnings == ("screening: 5 blocks are fewer than 6",)


def test_one_block_has_no_interval_and_two_no_verdict():
    single, double = one(frame(a=A[:1], b=B[:1])), one(frame(a=A[:2], b=B[:2]))
    assert (single.verdict, single.differs, single.interval, single.resolution) == (None, None, None, None)
    assert single.ratio == pytest.approx(1.21)
    assert single.reason == "1 block: a verdict needs at least 3"
    assert double.verdict is None
    assert double.interval is not None
    assert double.reason == "2 blocks: a verdict needs at least 3"


def test_all_of_one_and_then_all_of_the_other_gets_no_verdict():
    runs = frame(None, a=A, b=B).sort_values(["variant", "block"]).assign(order=range(12))
    found = one(runs)
    assert (found.verdict, found.differs, found.interval, found.p) == (None, None, None, None)
    assert found.design is Design.NOT_INTERLEAVED
    assert found.reason.startswith("the runs of block 1 did not follow one another")


def test_the_same_order_in_six_blocks_gets_no_verdict():
    found = one(frame(("ab",) * 6, a=A, b=B))
    assert (found.verdict, found.design) == (None, Design.FIXED)
    assert "every block ran a, b in this order" in found.reason


def test_the_same_order_in_three_blocks_may_be_chance_and_is_said():
    found = one(frame(("ab",) * 3, a=A[:3], b=B[:3]))
    assert found.verdict is Outcome.WORSE
    assert found.warnings[0].endswith("(by chance in 25 % of experiments)")


def test_an_order_that_is_not_recorded_is_said_and_judged():
    found = one(frame(None, a=A, b=B))
    assert (found.verdict, found.design) == (Outcome.WORSE, Design.UNKNOWN)
    assert "taken on trust" in found.warnings[0]


def test_an_order_that_is_partly_recorded_is_unknown():
    runs = frame(a=A, b=B)
    runs.loc[3, "order"] = None
    found = one(runs)
    assert found.design is Design.UNKNOWN
    assert found.warnings[0] == "order is missing for 1 of 12 runs, so it is taken as unknown"


def test_order_within_blocks_or_as_times_is_read_too():
    runs = frame(a=A, b=B)
    within = runs.assign(order=runs.groupby("block")["order"].rank())
    times = runs.assign(order=pd.Timestamp("2026-11-24") + pd.to_timedelta(runs["order"], unit="min"))
    assert one(within) == one(times) == one(runs)


def test_an_order_that_says_a_place_twice_is_refused():
    runs = frame(a=A, b=B)
    runs.loc[1, "order"] = 1
    with pytest.raises(UsageError, match="The order says 1 twice"):
        one(runs)


def test_a_lost_run_costs_its_block_and_is_listed():
    runs = frame(a=A, b=[121, math.nan, 125, 128, 117, 126])
    found = one(runs)
    assert found.k == 5
    assert found.excluded == (Exclusion("2", "b", "no value"),)
    assert found == one(runs.drop(index=runs.index[runs["value"].isna()]))


def test_a_stated_exclusion_is_listed_with_its_reason():
    found = one(frame(a=A, b=B), exclusions=[Exclusion("3", "b", "INVALID: k6 was starved")])
    assert (found.k, found.excluded) == (5, (Exclusion("3", "b", "INVALID: k6 was starved"),))


def test_too_many_exclusions_fail_the_experiment():
    found = one(frame(a=A, b=[math.nan, math.nan, *B[2:]]))
    assert found.verdict is None
    assert found.reason == "the experiment fails: 33.3 % of the blocks are excluded, more than 20 %"
    assert len(found.excluded) == 2


def test_no_common_block():
    runs = pd.DataFrame({"block": [1, 2, 3], "variant": ["a", "b", "a"], "value": [1.0, 2.0, 3.0]})
    found = one(runs)
    assert (found.verdict, found.ratio, found.k) == (None, None, 0)


def test_no_spread_at_all_is_said():
    same, other = one(frame(a=A, b=A)), one(frame(a=A, b=[1.2 * value for value in A]))
    assert (same.verdict, same.interval, same.resolution) == (Outcome.EQUIVALENT, (1, 1), 0)
    assert (other.verdict, other.blocks_needed) == (Outcome.WORSE, 3)
    assert "same in every block" in other.warnings[0]


def test_exactly_the_margin_does_not_matter():
    assert one(frame(a=A, b=[1.1 * value for value in A])).matters is False
    assert one(frame(a=A, b=[value / 1.1 for value in A])).verdict is Outcome.EQUIVALENT


def test_several_variants_are_corrected_by_holm():
    noisy = [101, 121, 106, 145, 106, 116]
    alone = one(frame(a=A, b=noisy))
    assert (alone.verdict, alone.p_adjusted) == (Outcome.WORSE, alone.p_t)
    orders = ("abcd", "dcba", "bdac", "cadb", "acdb", "bcad")
    others = {"c": [99, 105, 98, 108, 103, 98], "d": [101, 103, 96, 111, 101, 100]}
    found = {c.variant: c for c in compare(Question(frame(orders, a=A, b=noisy, **others), "a"))}
    assert found["b"].p_adjusted == pytest.approx(3 * found["b"].p_t)
    assert (found["b"].differs, found["b"].matters) == (True, True)
    assert found["b"].verdict is Outcome.INCONCLUSIVE
    assert "after Holm's correction over 3 comparisons" in found["b"].reason


def test_what_was_not_declared_is_exploratory_and_outside_the_family():
    runs = frame(("abc", "cba", "bac", "cab", "acb", "bca"), a=A, b=B, c=A)
    b, c = compare(Question(runs, "a", declared=["b"]))
    assert (b.declared, b.p_adjusted) == (True, b.p_t)
    assert (c.declared, c.p_adjusted) == (False, None)
    assert c.reason.endswith("exploratory, as the plan did not declare it")


def test_metrics_share_one_family():
    first, second = frame(a=A, b=B), frame(a=B, b=A)
    found = compare_all([Question(first, "a", metric="p95"), Question(second, "a", metric="cpu")])
    assert [(c.metric, c.p_adjusted / c.p_t) for c in found] == [("p95", 2), ("cpu", pytest.approx(2))]


def test_a_pair_in_one_order_in_every_block_is_warned_of():
    runs = frame(("abc", "cab", "acb", "abc", "cab"), a=A[:5], b=B[:5], c=A[:5])
    b, c = compare(Question(runs, "a"))
    assert [said for said in b.warnings if said.startswith("order: the variant ran after the baseline in every block")]
    assert not any(said.startswith("order:") for said in c.warnings)


def test_effects_of_place_and_time_are_warned_of():
    later = [1.3 if order == "ab" else 1 / 1.3 for order in ORDERS]
    noise = [1.01, 0.99, 1.01, 1.0, 1.0, 0.99]
    order = one(frame(a=A, b=[a * x * y for a, x, y in zip(A, later, noise, strict=True)]))
    assert [said.split(":")[0] for said in order.warnings] == ["order effect"]
    assert "the later one was 30.0 % higher" in order.warnings[0]
    trend = one(frame(a=[100] * 6, b=[100 * 1.1**block * x for block, x in enumerate(noise)]))
    assert [said.split(":")[0] for said in trend.warnings] == ["trend"]
    drift = one(frame(a=[100 * 1.1**block for block in range(6)], b=[100 * 1.1**b * x for b, x in enumerate(noise)]))
    assert [said.split(":")[0] for said in drift.warnings] == ["drift"]


BAD = [
    (pd.DataFrame({"block": [1], "variant": ["a"]}), "Column 'value' is missing"),
    (pd.DataFrame({"block": [], "variant": [], "value": []}), "There is nothing to compare"),
    (frame(a=A, b=B).query("variant == 'a'"), "'a' is the only variant"),
    (frame(a=A, b=B).query("variant == 'b'"), "There is no baseline 'a': the variants are b"),
    (frame(a=A, b=[0, *B[1:]]), "The value 0 of 'b' in block 1 cannot be compared"),
    (frame(a=A, b=[-3, *B[1:]]), "The value -3 of 'b'"),
    (frame(a=A, b=[math.inf, *B[1:]]), "The value inf of 'b'"),
    (pd.concat([frame(a=A, b=B), frame(a=A, b=B).head(1)]), "Variant 'a' has two runs in block 1"),
]


@pytest.mark.parametrize(("runs", "words"), BAD, ids=[words for _, words in BAD])
def test_what_cannot_be_compared_is_one_sentence(runs, words):
    with pytest.raises(UsageError, match=words):
        one(runs)


@pytest.mark.parametrize("margin", [0, -0.1, 1.01, math.nan])
def test_a_margin_that_is_none(margin):
    with pytest.raises(UsageError, match="Margin"):
        one(frame(a=A, b=B), margin=margin)


def test_extreme_values_stay_numbers():
    found = one(frame(a=[1e-300, 1e300, 5.0, 1.0, 2.0, 3.0], b=[1e300, 1e-300, 2.0, 3.0, 1.0, 1.0]))
    text = msgspec.json.encode(found)
    assert b"NaN" not in text
    assert b"Infinity" not in text
    assert msgspec.json.decode(text)["verdict"] == "inconclusive"


@st.composite
def experiments(draw):
    k = draw(st.integers(3, 8))
    column = st.lists(st.floats(1, 1000), min_size=k, max_size=k)
    return draw(column), draw(column), draw(st.lists(st.sampled_from(["ab", "ba"]), min_size=k, max_size=k))


@settings(max_examples=40, deadline=None)
@given(experiments())
def test_swapping_baseline_and_variant_turns_everything_round(experiment):
    a, b, orders = experiment
    runs = frame(orders, a=a, b=b)
    (forth,), (back,) = compare(Question(runs, "a")), compare(Question(runs, "b"))
    assert back.ratio == pytest.approx(1 / forth.ratio)
    opposite = {Outcome.BETTER: Outcome.WORSE, Outcome.WORSE: Outcome.BETTER}
    assert back.verdict == opposite.get(forth.verdict, forth.verdict)
    assert (back.p, back.resolution, back.differs) == (forth.p, forth.resolution, forth.differs)


@settings(max_examples=40, deadline=None)
@given(experiments(), st.sampled_from([0.001, 0.5, 4, 1e6]))
def test_the_unit_does_not_matter(experiment, factor):
    a, b, orders = experiment
    here = one(frame(orders, a=a, b=b))
    there = one(frame(orders, a=[factor * v for v in a], b=[factor * v for v in b]))
    assert there.ratio == pytest.approx(here.ratio)
    assert there.interval == (here.interval and pytest.approx(here.interval))
    assert (there.verdict, there.differs, there.matters, there.p) == (
        here.verdict,
        here.differs,
        here.matters,
        here.p,
    )


@settings(max_examples=40, deadline=None)
@given(experiments(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_byte(experiment, chance):
    a, b, orders = experiment
    runs = frame(orders, a=a, b=b)
    rows = list(range(len(runs)))
    chance.shuffle(rows)
    assert msgspec.json.encode(one(runs.iloc[rows])) == msgspec.json.encode(one(runs))


def test_all_permutations_of_two_blocks_are_one_answer():
    runs = frame(a=A[:2], b=B[:2])
    assert len({msgspec.json.encode(one(runs.iloc[list(p)])) for p in itertools.permutations(range(4))}) == 1
