"""What k6's points say of the load generator itself, and of what it was told second by second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rushlab.world.points_extract import extracted

if TYPE_CHECKING:
    import pandas as pd


def lateness_p95(parquet: Path, pause_s: float) -> float | None:
    """95th percentile (ms) of iteration duration − pause − request time: what the generator itself added.

    The request time is k6's blocked + duration, blocked holding connecting and TLS. Taken over the users who asked
    once; None when they made fewer than half of the iterations, or the points do not name users.
    """
    with extracted(parquet) as tables:
        pairs, p95 = tables.lateness(pause_s * 1000)
        iterations, _ = tables.count("iteration_duration")
    return float(p95) if p95 is not None and pairs >= iterations / 2 else None


def dropped(parquet: Path) -> tuple[int, int]:
    """Iterations that could not begin in time (open model), and those that were made."""
    with extracted(parquet) as tables:
        (_, lost), (_, made) = (tables.count(name) for name in ("dropped_iterations", "iterations"))
    return round(lost), round(made)


def outcomes_per_second(parquet: Path, start: float, outcome_of: Callable[[int], str]) -> pd.DataFrame:
    """One row per second since `start` (epoch seconds) and outcome that came up in it: second, outcome, requests.

    `outcome_of` names the outcome of a status (0 = no answer); requests count in the second in which they ended.
    """
    with extracted(parquet) as tables:
        return tables.outcomes_per_second(start, outcome_of)
