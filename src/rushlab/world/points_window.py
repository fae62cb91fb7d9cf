"""Percentiles of the requests that began within a window of time: the figures by which variants are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushlab.world.points_sql import opened

# A request is one group of points with one time stamp, tags and metadata (as in `points_statements.ATTEMPTS`); its
# start is its end − blocked − duration. Groups of several requests, without user metadata, count with their mean.
_WINDOW = """
, requests AS (
    SELECT count_if(metric = 'http_reqs') AS n, epoch(time) AS ended,
           sum(value) FILTER (WHERE metric = 'http_req_duration') / count_if(metric = 'http_reqs') AS ms,
           sum(value) FILTER (WHERE metric <> 'http_reqs') / count_if(metric = 'http_reqs') AS took_ms
    FROM points
    WHERE metric IN ('http_reqs', 'http_req_blocked', 'http_req_duration')
      AND TRY_CAST(json_extract_string(tags, '/status') AS INTEGER) = ?
    GROUP BY time, tags, metadata
), begun AS (
    SELECT ms FROM (SELECT *, unnest(range(n::BIGINT)) FROM requests WHERE n > 0)
    WHERE ended - took_ms / 1000 >= ? AND ended - took_ms / 1000 < ?
)
SELECT count(ms), quantile_cont(ms, ?::DOUBLE[]) FROM begun
"""


def window_quantiles(
    parquet: Path, begin: float, end: float, shares: Sequence[float], *, status: int
) -> tuple[int, list[float]]:
    """Requests answered with `status` that began in [begin, end) epoch seconds, and quantiles of their duration in ms.

    `shares` are in 0…1; linear interpolation between order statistics. No quantiles where there is no such request.
    """
    with opened(parquet) as points:
        count, values = points.rows(_WINDOW, [status, begin, end, list(shares)])[0]
    return int(count), list(values) if count else []
