"""How many users were at work in a window: the mean number of iterations under way, from k6's points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushlab.world.points_extract import extracted


def mean_within(parquet: Path, windows: Sequence[tuple[float, float]]) -> list[float | None]:
    """Mean number of iterations under way in each window (epoch seconds); None without any iteration at all.

    Of a closed model these are its active virtual users, exactly: one of them is always within an iteration, its pause
    included. In an open model those that wait in the pool are none. An iteration that k6 cut off has no duration and
    counts for nothing.
    """
    with extracted(parquet) as tables:
        return tables.users(windows)
