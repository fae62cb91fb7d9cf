"""What k6's points say of the load generator itself, and of what it was told second by second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rushlab.world.points_sql import Selection, opened
from rushlab.world.points_statements import LATENESS, OUTCOMES_PER_SECOND, STATUSES

if TYPE_CHECKING:
    import pandas as pd


def lateness_p95(parquet: Path, pause_s: float) -> float | None:
    """95th percentile (ms) of iteration duration − pause − request time: what the generator itself added.

    The request time is k6's blocked + duration, blocked holding connecting and TLS. Taken over the users who asked
    once; None when they made fewer than half of the iterations, or the points do not name users.
    """
    with opened(parquet) as points:
        ((pairs, p95),) = points.rows(LATENESS, [pause_s * 1000])
        iterations = points.totals_of(Selection("iteration_duration")).count
    return float(p95) if pairs and pairs >= iterations / 2 else None


def dropped(parquet: Path) -> tuple[int, int]:
    """Iterations that could not begin in time (open model), and those that were made."""
    with opened(parquet) as points:
        lost, made = (points.totals_of(Selection(name)) for name in ("dropped_iterations", "iterations"))
    return round(lost.total), round(made.total)


def outcomes_per_second(parquet: Path, start: float, outcome_of: Callable[[int], str]) -> pd.DataFrame:
    """One row per second since `start` (epoch seconds) and outcome that came up in it: second, outcome, requests.

    `outcome_of` names the outcome of a status (0 = no answer); requests count in the second in which they ended.
    """
    with opened(parquet) as points:
        statuses = [status for (status,) in points.rows(STATUSES)]
        return points.frame(OUTCOMES_PER_SECOND, [statuses, [outcome_of(status) for status in statuses], start])
