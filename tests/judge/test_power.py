"""Power against scipy's noncentral t, textbook answers, and its own inverse."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nct, t

from rushlab.judge.power import blocks_needed, power, smallest_change


@pytest.mark.parametrize(("change", "sd", "k"), [(0.18, 0.127, 6), (0.1, 0.127, 16), (0.5, 0.3, 3), (0.02, 0.1, 200)])
def test_power_is_that_of_the_noncentral_t(change, sd, k):
    limit, shift = t.ppf(0.975, k - 1), change * math.sqrt(k) / sd
    assert power(change, sd, k) == pytest.approx(nct.sf(limit, k - 1, shift) + nct.cdf(-limit, k - 1, shift), rel=1e-9)


def test_textbook_answer():
    """Effect size 0.5, 80 % power, two-sided 5 %: 34 pairs (G*Power, "difference from constant")."""
    assert blocks_needed(math.expm1(0.5), 1.0) == 34


def test_what_the_self_test_promises():
    """+20 % at 9 % noise of one run."""
    sd = math.sqrt(2) * 0.09  # of a block's difference, from that of one run's ln(metric)
    assert power(math.log(1.2), sd, 6) > 0.74
    assert power(math.log(1.2), sd, 5) > 0.60


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 1), st.integers(2, 100))
def test_smallest_change_is_seen_with_80_percent(sd, k):
    assert power(math.log1p(smallest_change(sd, k)), sd, k) == pytest.approx(0.8, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 1), st.floats(0.02, 1))
def test_blocks_needed_are_the_fewest(sd, change):
    k = blocks_needed(change, sd)
    assert power(math.log1p(change), sd, k) >= 0.8
    assert k == 3 or power(math.log1p(change), sd, k - 1) < 0.8


def test_no_spread_and_no_hope():
    assert (smallest_change(0, 6), blocks_needed(0.1, 0)) == (0, 3)
    assert blocks_needed(1e-6, 1.0) is None
    assert power(1e6, 1.0, 2) == pytest.approx(1)
