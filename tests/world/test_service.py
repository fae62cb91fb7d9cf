"""Quantiles from histogram buckets, for progress only."""

import math

import pytest

from rushlab.world.service import bucket_quantile, counters


def test_linear_within_the_bucket():
    # 100 requests, 90 up to 10 ms, 10 between 10 and 20 ms: the 95th is half way through the second bucket
    assert bucket_quantile({0.01: 90, 0.02: 100, math.inf: 100}, 0.95) == pytest.approx(15)


def test_last_finite_bound_when_the_quantile_lies_beyond_it():
    assert bucket_quantile({0.01: 10, math.inf: 100}, 0.95) == pytest.approx(10)


@pytest.mark.parametrize("buckets", [{}, {0.01: 0.0, math.inf: 0.0}])
def test_nothing_asked_nothing_known(buckets):
    assert bucket_quantile(buckets, 0.95) is None


def test_silent_process_makes_the_counter_unknown():
    assert counters(["http://127.0.0.1:9/metrics"]) is None
