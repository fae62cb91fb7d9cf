"""Questions about the requests of one run, asked of the tables that `points_extract` has drawn from its points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rushlab.world import points_statements as statements
from rushlab.world.points_sql import interpolated
from rushlab.world.points_under_way import mean_under_way

if TYPE_CHECKING:  # DuckDB imports pandas itself when a frame is asked for
    import duckdb
    import pandas as pd
    from numpy.typing import NDArray

#: Where a distribution is read, in millionths of all values: every half per cent up to 90 %, finer toward the slowest.
_MILLIONTHS = (
    *range(0, 900_000, 5_000),
    *range(900_000, 990_000, 1_000),
    *range(990_000, 999_900, 100),
    *range(999_900, 1_000_001, 10),
)


class Tables:
    """The tables, opened for questions."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def attempts(self, name: str) -> pd.DataFrame:
        """One row per request with that name tag (see points.attempts)."""
        return self._frame(statements.ATTEMPTS, [name])

    def per_second(self, start: float) -> pd.DataFrame:
        """One row per second since `start` in which something was recorded (see points.timeline)."""
        return self._frame(statements.PER_SECOND, [start])

    def by_stage(self, start: float, windows: Sequence[tuple[float, float]]) -> pd.DataFrame:
        """One row per window of seconds since `start` (see points.stages)."""
        begins, ends = ([window[side] for window in windows] for side in (0, 1))
        return self._frame(statements.BY_STAGE, [start, begins, ends])

    def by_outcome(self, outcome_of: Callable[[int], str]) -> pd.DataFrame:
        """One row per outcome that a request had (see points.populations)."""
        return self._frame(statements.BY_OUTCOME, self._named(outcome_of))

    def outcomes_per_second(self, start: float, outcome_of: Callable[[int], str]) -> pd.DataFrame:
        """One row per second and outcome that came up in it (see points_load.outcomes_per_second)."""
        return self._frame(statements.OUTCOMES_PER_SECOND, [*self._named(outcome_of), start])

    def vus(self) -> pd.DataFrame:
        """One row per sample of the active virtual users (see points.vus)."""
        return self._frame(statements.VUS)

    def durations(self, statuses: Sequence[int] | None, shares: Mapping[str, float]) -> dict[str, float | int | None]:
        """Count, mean, max and the named percentiles of http_req_duration in ms; None without requests."""
        condition = "" if statuses is None else "WHERE list_contains(?, status)"
        parameters = [] if statuses is None else [list(statuses)]
        ((count, mean, maximum),) = self._rows(
            f"SELECT count(*), fsum(ms) / count(*), max(ms) FROM answers {condition}", parameters
        )
        source = f"SELECT ms AS value FROM answers {condition}"
        values = (
            interpolated(self._con, source, parameters, count, list(shares.values())) if count else [None] * len(shares)
        )
        return {"count": count, "mean": mean, **dict(zip(shares, values, strict=True)), "max": maximum}

    def distribution(self) -> tuple[list[float], list[float]]:
        """Shares (0 to 1) of all requests and the duration (ms) at each; at most 400, none without requests."""
        ((count,),) = self._rows("SELECT count(*) FROM answers")
        shares = _shares(count)
        return shares, interpolated(self._con, "SELECT ms AS value FROM answers", (), count, shares) if count else []

    def window(
        self, begin: float, end: float, shares: Sequence[float], *, status: int
    ) -> tuple[int, list[float] | None]:
        """Requests that began in a window, and quantiles of their duration (see points_window.window_quantiles)."""
        ((count, values),) = self._rows(statements.WINDOW, [status, begin, end, list(shares)])
        return count, values

    def lateness(self, pause_ms: float) -> tuple[int, float | None]:
        """Users who asked once, and the 95th percentile of what their iterations took beyond request and pause."""
        ((pairs, p95),) = self._rows(statements.LATENESS, [pause_ms])
        return pairs, p95

    def users(self, windows: Sequence[tuple[float, float]]) -> list[float | None]:
        """Mean number of iterations under way in each window (see points_laws.mean_within)."""
        began, ended = (self._moments(sql) for sql in (statements.BEGINS, statements.ENDS))
        return [*mean_under_way(began, ended, windows)] if len(ended) else [None] * len(windows)

    def count(self, metric: str) -> tuple[int, float]:
        """Points of a metric and the sum of their values (of those that `counts` has)."""
        return next(iter(self._rows(statements.COUNT, [metric])), (0, 0.0))

    def _named(self, outcome_of: Callable[[int], str]) -> list[object]:
        statuses = [status for (status,) in self._rows(statements.STATUSES)]
        return [statuses, [outcome_of(status) for status in statuses]]

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._con.execute(sql, list(parameters)).fetchall()

    def _moments(self, sql: str) -> NDArray[np.float64]:
        return np.asarray(self._con.execute(sql).fetchnumpy()["moment"], dtype=np.float64)  # a frame takes longer

    def _frame(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        return self._con.execute(sql, list(parameters)).df()


def _shares(count: int) -> list[float]:
    """Where the distribution of `count` values is read: at every value when they are few."""
    if count > len(_MILLIONTHS):
        return [millionths / 1e6 for millionths in _MILLIONTHS]
    return [rank / max(count - 1, 1) for rank in range(count)]
