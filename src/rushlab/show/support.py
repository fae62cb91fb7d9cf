"""How much a percentile may be believed, by the samples beyond it.

With n samples, n·(1 − q) lie beyond the quantile q. Fewer than `HEADLINE` and the figure is shown
in grey; fewer than `SHOWN` and it is not shown at all. Both limits are conventions (docs/method.md).
"""

from __future__ import annotations

from typing import Literal

HEADLINE = 100
SHOWN = 10

Support = Literal["headline", "grey", "too few"]

#: The quantile behind each figure that is one.
QUANTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def beyond(samples: int, quantile: float) -> float:
    """Samples beyond a quantile (0–1), on average."""
    return samples * (1 - quantile)


def support(samples: int, figure: str) -> Support:
    """Support of `median`, `p90`, `p95` or `p99`; any other figure is a headline."""
    if figure not in QUANTILES:
        return "headline"
    tail = round(beyond(samples, QUANTILES[figure]), 9)
    return "headline" if tail >= HEADLINE else "grey" if tail >= SHOWN else "too few"


def rule() -> str:
    """The limits, to be printed beside the figures they judged."""
    return f"percentiles in grey have fewer than {HEADLINE} requests beyond them, below {SHOWN} none is given"
