"""The shift of a distribution, quantile by quantile."""

import math

import pandas as pd
import pytest
from scipy.stats import ttest_rel

from rushlab.judge.shift import QUANTILES, shift
from rushlab.model.errors import UsageError


def frame(factor):
    """Four blocks; variant b is the baseline times `factor(quantile)`, with a little noise by block."""
    noise = {1: 1.01, 2: 0.99, 3: 1.02, 4: 0.98}
    rows = []
    for block, wobble in noise.items():
        for quantile in QUANTILES:
            value = 10 * block / (1.05 - quantile)
            rows.append({"block": block, "variant": "a", "quantile": quantile, "value": value})
            rows.append(
                {"block": block, "variant": "b", "quantile": quantile, "value": value * factor(quantile) * wobble}
            )
    return pd.DataFrame(rows)


def test_a_slower_tail_is_seen_where_it_is():
    found = shift(frame(lambda quantile: 1.5 if quantile > 0.9 else 1.0), "a", "b")
    assert [one.quantile for one in found] == list(QUANTILES)
    by_quantile = {one.quantile: one for one in found}
    assert by_quantile[0.5].interval[0] < 1 < by_quantile[0.5].interval[1]
    assert by_quantile[0.95].interval[0] > 1.4
    assert by_quantile[0.99].ratio == pytest.approx(1.5, rel=0.01)


def test_each_quantile_is_the_paired_t_test():
    runs = frame(lambda quantile: 1.2)
    (median,) = [one for one in shift(runs, "a", "b") if one.quantile == 0.5]
    wide = runs[runs["quantile"] == 0.5].pivot(index="block", columns="variant", values="value").map(math.log)
    interval = ttest_rel(wide["b"], wide["a"]).confidence_interval()
    assert median.interval == pytest.approx((math.exp(interval.low), math.exp(interval.high)))
    assert median.k == 4


def test_a_run_without_a_quantile_and_other_variants_are_left_out():
    runs = frame(lambda quantile: 1.2)
    runs.loc[(runs["block"] == 1) & (runs["quantile"] == 0.99), "value"] = math.nan
    more = pd.concat([runs, runs[runs["variant"] == "a"].assign(variant="c")])
    assert [one.k for one in shift(more, "a", "b")] == [4] * 10 + [3]


def test_one_block_has_a_ratio_and_no_interval():
    found = shift(frame(lambda quantile: 1.2).query("block == 1"), "a", "b")
    assert {one.interval for one in found} == {None}
    assert found[0].ratio == pytest.approx(1.212)


def test_a_variant_that_is_not_there():
    with pytest.raises(UsageError, match="only variant"):
        shift(frame(lambda quantile: 1.2), "a", "x")
