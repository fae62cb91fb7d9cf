"""How loudly a percentile may be said: by the number of samples that lie beyond it."""

from __future__ import annotations

import math
from enum import StrEnum

#: Conventions, printed beside the figures they judged.
HEADLINE_SAMPLES = 100
GREY_SAMPLES = 10


class Weight(StrEnum):
    """What a percentile is worth: a headline, a grey figure, or nothing to print."""

    HEADLINE = "headline"
    GREY = "grey"
    TOO_FEW = "too few"


def samples_beyond(n: int, percent: float) -> int:
    """Samples above the percentile: floor of n · (100 − percent) / 100 (for p95 of 2,000: 100)."""
    return math.floor(round(n * (100 - percent) / 100, 9))


def weight(
    n: int, percent: float, *, headline_samples: int = HEADLINE_SAMPLES, grey_samples: int = GREY_SAMPLES
) -> Weight:
    """What the `percent`-th percentile of `n` samples is worth."""
    beyond = samples_beyond(n, percent)
    if beyond >= headline_samples:
        return Weight.HEADLINE
    return Weight.GREY if beyond >= grey_samples else Weight.TOO_FEW
