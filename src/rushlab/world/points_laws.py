"""What Little's law needs of k6's points: the time that iterations spent in a window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushlab.world.points_sql import opened

# k6 stamps an iteration's duration (ms, its pause included) at its end.
SPENT = """
SELECT sum(greatest(0, least(epoch(time), ?) - greatest(epoch(time) - value / 1000, ?)))
FROM points WHERE metric = 'iteration_duration'
"""


def mean_within(parquet: Path, windows: Sequence[tuple[float, float]]) -> list[float | None]:
    """Mean number of iterations under way in each window (epoch seconds); None without any iteration at all.

    An iteration that k6 cut off has no duration and counts for nothing.
    """
    with opened(parquet) as points:
        found = [points.rows(SPENT, [end, begin])[0][0] for begin, end in windows]
    return [
        None if spent is None else float(spent) / (end - begin)
        for spent, (begin, end) in zip(found, windows, strict=True)
    ]
