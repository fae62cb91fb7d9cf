"""How many iterations were under way on average in each of many windows, in one pass over their begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Seconds = NDArray[np.float64]


def mean_under_way(began: Seconds, ended: Seconds, windows: Sequence[tuple[float, float]]) -> list[float]:
    """The mean number under way in each window (begin, end), all in seconds on one clock; in no order.

    The time spent by all of them until a moment is what those that had begun have lasted, less what those that had
    ended would have gone on for; a window's is the difference of its two ends.
    """
    base = began.min(initial=np.inf)
    begins, ends = (np.sort(one - base, kind="stable") for one in (began, ended))  # fast when sorted before
    edges = np.asarray(windows, dtype=np.float64).reshape(-1, 2) - base
    spent = _lasted(begins, edges) - _lasted(ends, edges)
    means: list[float] = ((spent[:, 1] - spent[:, 0]) / (edges[:, 1] - edges[:, 0])).tolist()
    return means


def _lasted(moments: Seconds, edges: Seconds) -> Seconds:
    """Σ (edge − moment) over the sorted moments before each edge."""
    before = np.searchsorted(moments, edges)
    sums = np.concatenate(([0.0], np.cumsum(moments)))
    return before * edges - sums[before]
