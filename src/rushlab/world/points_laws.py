"""What Little's law needs of k6's points: the time that iterations spent in a window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushlab.world.points_extract import extracted


def mean_within(parquet: Path, windows: Sequence[tuple[float, float]]) -> list[float | None]:
    """Mean number of iterations under way in each window (epoch seconds); None without any iteration at all.

    An iteration that k6 cut off has no duration and counts for nothing.
    """
    with extracted(parquet) as tables:
        found = [tables.spent(begin, end) for begin, end in windows]
    return [
        None if spent is None else spent / (end - begin) for spent, (begin, end) in zip(found, windows, strict=True)
    ]
