"""Percentiles of waits of which some had not ended: those are longer than all others, by an unknown time."""

from __future__ import annotations

import math

import numpy as np

Waits = np.ndarray[tuple[int], np.dtype[np.float64]]


def percentile(waits: Waits, percent: float) -> tuple[float | None, str]:
    """A percentile of `waits` (sorted, infinite where one had not ended), and why there is none; at least one wait.

    Linear interpolation between the order statistics of all of them; unknown where it reaches into those that had
    not ended.
    """
    if math.isinf(waits[math.ceil((len(waits) - 1) * percent / 100)]):
        late = int(np.isinf(waits).sum())
        return None, f"{late:,} of {len(waits):,} coupons were never confirmed"
    return float(np.percentile(waits[np.isfinite(waits)], _within(waits, percent))), ""


def _within(waits: Waits, percent: float) -> float:
    """The percentile among the finite waits that stands at the same place as `percent` among all."""
    finite = int(np.isfinite(waits).sum())
    return percent if finite == len(waits) else 100 * (len(waits) - 1) * percent / 100 / (finite - 1)
