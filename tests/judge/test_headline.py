"""A percentile needs samples beyond it."""

from __future__ import annotations

import pytest

from rushlab.judge.headline import Weight, samples_beyond, weight


@pytest.mark.parametrize(
    ("n", "percent", "beyond", "expected"),
    [
        (2000, 95, 100, Weight.HEADLINE),
        (1999, 95, 99, Weight.GREY),
        (200, 95, 10, Weight.GREY),
        (199, 95, 9, Weight.TOO_FEW),
        (10_000, 99, 100, Weight.HEADLINE),
        (10_000, 99.9, 10, Weight.GREY),
        (1000, 90, 100, Weight.HEADLINE),
        (0, 95, 0, Weight.TOO_FEW),
        (10_000, 100, 0, Weight.TOO_FEW),
    ],
)
def test_weight(n: int, percent: float, beyond: int, expected: Weight) -> None:
    assert samples_beyond(n, percent) == beyond
    assert weight(n, percent) is expected


def test_the_convention_is_a_setting() -> None:
    assert weight(200, 95, headline_samples=10) is Weight.HEADLINE
    assert weight(10, 50, grey_samples=5) is Weight.GREY
