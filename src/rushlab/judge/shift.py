"""How a variant moves the whole distribution: the ratio at each quantile, paired over blocks.

One quantile per run, then the same paired estimate as for any metric: quantiles are never averaged over pooled
requests. Each interval holds for its quantile by itself (95 %); together they are a picture, no test.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from rushlab.judge.paired import paired
from rushlab.judge.pairs import checked, pairs

#: The quantiles of the picture; those with too few samples beyond them are the caller's to leave out.
QUANTILES = (0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class QuantileShift:
    """Ratio variant / baseline at one quantile over `k` blocks; `interval` is None for fewer than two."""

    quantile: float
    ratio: float | None
    interval: tuple[float, float] | None
    k: int


def shift(frame: pd.DataFrame, baseline: str, variant: str) -> tuple[QuantileShift, ...]:
    """The shift of `variant` against `baseline` at every quantile of the frame, in ascending order.

    Parameters
    ----------
    frame
        One row per run and quantile: block, variant, quantile (in 0 … 1), value (> 0, one unit; NaN where a run has
        none). Other variants are left out.

    Raises
    ------
    UsageError
        One of the two is not there, has two values in a block, or a value that has no logarithm.
    """
    both = frame[frame["variant"].astype(str).isin([baseline, variant])]
    quantiles = sorted(both["quantile"].dropna().unique().tolist())
    found = ((quantile, checked(both[both["quantile"] == quantile], baseline)) for quantile in quantiles)
    return tuple(_shift(quantile, runs, baseline, variant) for quantile, runs in found)


def _shift(quantile: float, runs: pd.DataFrame, baseline: str, variant: str) -> QuantileShift:
    found = pairs(runs, baseline, variant)
    if not found.used:
        return QuantileShift(quantile, None, None, 0)
    estimate = paired(found.differences)
    return QuantileShift(quantile, estimate.ratio, estimate.interval(), estimate.k)
