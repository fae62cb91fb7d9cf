"""The figure of a sentence has the digits that its interval needs."""

import pytest

from rushlab.judge.experiment_sentence import figure
from rushlab.model.comparison import Comparison, Design


@pytest.mark.parametrize(
    ("ratio", "interval", "text"),
    [
        (0.8123, (0.7034, 0.938), "accept p95 0.812 × (95 % interval 0.703 to 0.938, 6 blocks)"),
        (0.00412, (0.00288, 0.0059), "accept p95 0.00412 × (95 % interval 0.00288 to 0.00590, 6 blocks)"),
        (1234.5, None, "accept p95 1,230 × (6 blocks)"),
        (None, None, "accept p95 has no ratio"),
    ],
)
def test_a_ratio_has_three_significant_digits(ratio, interval, text):
    found = Comparison(
        variant="a",
        baseline="b",
        verdict=None,
        reason="",
        differs=None,
        matters=None,
        ratio=ratio,
        interval=interval,
        k=6,
        margin=0.1,
        p=None,
        resolution=None,
        blocks_needed=None,
        design=Design.RANDOMISED,
    )
    assert figure(found, "accept p95") == text
