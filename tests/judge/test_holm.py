"""Holm's correction by hand."""

import pytest

from rushlab.judge.holm import holm


def test_the_example_by_hand():
    """0.01·4, 0.02·3, 0.03·2 → raised to 0.06, 0.04·1 → raised to 0.06."""
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx((0.06, 0.04, 0.06, 0.06))


def test_never_above_one_and_alone_unchanged():
    assert holm([0.7, 0.9]) == (1, 1)
    assert holm([0.03]) == (0.03,)
    assert holm([]) == ()
