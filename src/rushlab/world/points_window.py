"""Percentiles of the requests that began within a window of time: the figures by which variants are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushlab.world.points_extract import extracted


def window_quantiles(
    parquet: Path, begin: float, end: float, shares: Sequence[float], *, status: int
) -> tuple[int, list[float]]:
    """Requests answered with `status` that began in [begin, end) epoch seconds, and quantiles of their duration in ms.

    `shares` are in 0…1; linear interpolation between order statistics. No quantiles where there is no such request.
    """
    with extracted(parquet) as tables:
        count, values = tables.window(begin, end, shares, status=status)
    return count, list(values or [])
