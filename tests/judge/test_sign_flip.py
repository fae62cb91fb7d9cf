"""The sign-flip test against enumeration, scipy's permutation test, and its own approximation."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from rushlab.judge import sign_flip
from rushlab.judge.sign_flip import sign_flip_p, smallest_attainable


def enumerated(differences):
    """In whole numbers, so that ties are ties."""
    patterns = list(itertools.product((-1, 1), repeat=len(differences)))
    sums = [abs(sum(sign * d for sign, d in zip(signs, differences, strict=True))) for signs in patterns]
    return sum(value >= abs(sum(differences)) for value in sums) / len(sums)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=9))
def test_equals_enumeration_with_ties_and_zeros(differences):
    assert sign_flip_p([d / 100 for d in differences]) == pytest.approx(enumerated(differences))


def test_equals_scipys_permutation_test():
    differences = [0.12, 0.31, -0.05, 0.22, 0.18, 0.04, -0.01, 0.27]
    other = permutation_test(
        (np.asarray(differences),), lambda x, axis: x.mean(axis), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_p(differences) == pytest.approx(other.pvalue)


def test_by_hand():
    """All six up: that pattern and its mirror image, of 64."""
    assert sign_flip_p([0.1, 0.2, 0.3, 0.1, 0.2, 0.3]) == 2 / 64 == smallest_attainable(6)
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1


def test_many_blocks_are_counted_on_a_grid(monkeypatch):
    differences = np.random.default_rng(3).normal(0.04, 0.1, 30)
    listed = sign_flip_p(differences)
    monkeypatch.setattr(sign_flip, "MOST_LISTED", 10)
    assert sign_flip_p(differences) == pytest.approx(listed, abs=1e-4)
