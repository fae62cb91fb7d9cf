"""The only place with quantile SQL (with `points_statements`): k6's figures from points in Parquet, by DuckDB.

A points file has one row per line of k6's JSON output, in the file's order:

metric       VARCHAR
time         TIMESTAMPTZ  microseconds; null on a declaration
value        DOUBLE       k6's unit (milliseconds for times); null on a declaration
tags         JSON         as k6 wrote them; null when there were none
metadata     JSON         `user` of our own runs, `vu` and `iter` where k6 was asked for them
declaration  JSON         the `data` of a Metric line (type, thresholds, sub-metrics); null on a point

Percentiles are k6's: linear interpolation between the two nearest order statistics. DuckDB's
`quantile_cont` is the same formula but rounds it differently in the last bit (one value in eight),
so the order statistics come from DuckDB and the interpolation is written out here.
"""

from __future__ import annotations

import glob
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from msgspec import Struct

from rushlab.model.errors import PointsError, ResultError
from rushlab.world.points_statements import ATTEMPTS, BY_OUTCOME, BY_STAGE, PER_SECOND, STATUSES

if TYPE_CHECKING:  # DuckDB imports pandas itself when a frame is asked for; ingest alone never does
    import pandas as pd

MEMORY_LIMIT = "512MB"
MAX_THREADS = 8
#: Values of one metric that are held in memory at once (16 bytes each while they are collected).
MAX_SELECTED = 4_000_000
#: Where a distribution is read, in millionths of all values: every half per cent up to 90 %, finer toward the slowest.
_MILLIONTHS = (
    *range(0, 900_000, 5_000),
    *range(900_000, 990_000, 1_000),
    *range(990_000, 999_900, 100),
    *range(999_900, 1_000_001, 10),
)

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",  # nothing is ever fetched from the network
    "memory_limit": MEMORY_LIMIT,
}


class Selection(Struct, frozen=True):
    """Points of one metric that carry all of `tags` (k6's notion of a sub-metric)."""

    metric: str
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def condition(self) -> str:
        """SQL with one placeholder for the metric and two per tag."""
        return " AND ".join(["metric = ?", *("json_extract_string(tags, ?) = ?" for _ in self.tags)])

    @property
    def parameters(self) -> list[str]:
        """Values for `condition`'s placeholders; tag names as JSON pointers, so any name is safe."""
        pairs = ((f"/{name.replace('~', '~0').replace('/', '~1')}", value) for name, value in self.tags)
        return [self.metric, *(part for pair in pairs for part in pair)]


class Totals(Struct, frozen=True):
    """Aggregates of a selection; `last` is the value k6 took in last (the file's order)."""

    count: int
    total: float
    minimum: float
    maximum: float
    nonzero: int
    last: float


@contextmanager
def connection(spill: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with bounded memory, no network; `spill` is the folder for what does not fit."""
    con = duckdb.connect(config=_SETTINGS)
    try:
        threads = con.execute("SELECT current_setting('threads')").fetchall()[0][0]
        con.execute(f"SET threads = {min(int(threads), MAX_THREADS)}")
        con.execute("SET TimeZone = 'UTC'")
        if spill is not None:
            con.execute("SET temp_directory = ?", [str(spill)])
        yield con
    finally:
        con.close()


def as_file(path: Path) -> str:
    """The path as DuckDB must be given it, which reads a plain path as a pattern."""
    return glob.escape(str(path))


class Points:
    """One points file, opened for questions."""

    def __init__(self, con: duckdb.DuckDBPyConnection, parquet: Path) -> None:
        self._con = con
        self._file = as_file(parquet)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query over `points` (or `lines`: with declarations); `file_row_number` is the lines' order."""
        return self._query(sql, parameters).fetchall()

    def frame(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """The same as a pandas frame."""
        return self._query(sql, parameters).df()

    def _query(self, sql: str, parameters: Sequence[object]) -> duckdb.DuckDBPyConnection:
        return self._con.execute(f"{_SOURCE} {sql}", [self._file, *parameters])

    def totals(self) -> dict[str, Totals]:
        """Aggregates of every metric."""
        found = self.rows(f"SELECT metric, {_TOTALS} FROM points GROUP BY metric")
        return {metric: Totals(*rest) for metric, *rest in found}

    def totals_of(self, selection: Selection) -> Totals:
        """Aggregates of a selection (all zero when it has no points)."""
        sql = f"SELECT {_TOTALS} FROM points WHERE {selection.condition}"
        count, *rest = self.rows(sql, selection.parameters)[0]
        return Totals(count, *rest) if count else Totals(0, 0.0, 0.0, 0.0, 0, 0.0)

    def percentiles(self, selection: Selection, count: int, shares: Sequence[float]) -> list[float]:
        """k6's percentiles (shares in 0…1) of a selection that has `count` > 0 points."""
        return self._interpolated(selection.condition, selection.parameters, count, shares)

    def _interpolated(
        self, condition: str, parameters: Sequence[object], count: int, shares: Sequence[float]
    ) -> list[float]:
        places = [share * (count - 1.0) for share in shares]
        ranks = sorted({rank for place in places for rank in (math.floor(place), math.ceil(place))})
        select = self._selected if count <= MAX_SELECTED else self._sorted
        values = dict(zip(ranks, select(condition, parameters, count, ranks), strict=True))
        return [_between(values[math.floor(place)], values[math.ceil(place)], place % 1.0) for place in places]

    def _selected(self, condition: str, parameters: Sequence[object], count: int, ranks: list[int]) -> list[float]:
        """Order statistics (from 0) with all values in memory."""
        # quantile_disc(q) is the order statistic number ceil(q·n): the half keeps clear of rounding.
        wanted = ", ".join(repr((rank + 0.5) / count) for rank in ranks)
        found: list[float] = self.rows(
            f"SELECT quantile_disc(value, [{wanted}]) FROM points WHERE {condition}", parameters
        )[0][0]
        return found

    def _sorted(self, condition: str, parameters: Sequence[object], count: int, ranks: list[int]) -> list[float]:
        """The same by a sort that spills to the disk: quantile_disc cannot."""
        source = f"{_SOURCE} SELECT value FROM points WHERE {condition} ORDER BY value"
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE sorted AS {source}", [self._file, *parameters])
        places = ", ".join(map(str, ranks))
        rows = self._con.execute(f"SELECT value FROM sorted WHERE rowid IN ({places}) ORDER BY rowid").fetchall()
        self._con.execute("DROP TABLE sorted")
        return [value for (value,) in rows]

    def durations(self, statuses: Sequence[int] | None, shares: Mapping[str, float]) -> dict[str, float | int | None]:
        """Count, mean, max and the named percentiles of http_req_duration in ms; None without requests."""
        condition, parameters = "metric = 'http_req_duration'", []
        if statuses is not None:
            condition += " AND list_contains(?, TRY_CAST(json_extract_string(tags, '/status') AS INTEGER))"
            parameters = [list(statuses)]
        sql = f"SELECT count(*), fsum(value) / count(*), max(value) FROM points WHERE {condition}"
        count, mean, maximum = self.rows(sql, parameters)[0]
        values = (
            self._interpolated(condition, parameters, count, list(shares.values())) if count else [None] * len(shares)
        )
        return {"count": count, "mean": mean, **dict(zip(shares, values, strict=True)), "max": maximum}

    def distribution(self) -> tuple[list[float], list[float]]:
        """Shares (0 to 1) of all requests and the duration (ms) at each; at most 400, none without requests."""
        condition = "metric = 'http_req_duration'"
        count = self.rows(f"SELECT count(*) FROM points WHERE {condition}")[0][0]
        shares = _shares(count)
        return shares, self._interpolated(condition, (), count, shares) if count else []

    def per_second(self, start: float) -> pd.DataFrame:
        """One row per second since `start` in which something was recorded (see points.timeline)."""
        return self.frame(PER_SECOND, [start])

    def by_stage(self, start: float, windows: Sequence[tuple[float, float]]) -> pd.DataFrame:
        """One row per window of seconds since `start` (see points.stages)."""
        begins, ends = ([window[side] for window in windows] for side in (0, 1))
        return self.frame(BY_STAGE, [start, begins, ends])

    def by_outcome(self, outcome_of: Callable[[int], str]) -> pd.DataFrame:
        """One row per outcome that a request had (see points.populations)."""
        statuses = [status for (status,) in self.rows(STATUSES)]
        return self.frame(BY_OUTCOME, [statuses, [outcome_of(status) for status in statuses]])

    def attempts(self, name: str) -> pd.DataFrame:
        """One row per request with that name tag (see points.attempts)."""
        return self.frame(ATTEMPTS, [name])


def _shares(count: int) -> list[float]:
    """Where the distribution of `count` values is read: at every value when they are few."""
    if count > len(_MILLIONTHS):
        return [millionths / 1e6 for millionths in _MILLIONTHS]
    return [rank / max(count - 1, 1) for rank in range(count)]


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


@contextmanager
def opened(parquet: Path) -> Iterator[Points]:
    """The points in a Parquet file that `ingest` wrote.

    Raises
    ------
    ResultError
        The file is not there or is none of ours.
    PointsError
        A question about it failed (it is damaged within, or needs more memory than the limit).
    """
    if not parquet.is_file():
        raise ResultError(f"There are no points at {parquet}")
    with connection(parquet.with_suffix(".spill")) as con:
        points = Points(con, parquet)
        try:
            points.rows("SELECT metric, time, value, tags, metadata, declaration FROM points LIMIT 0")
        except (duckdb.InvalidInputException, duckdb.BinderException, duckdb.IOException) as error:
            reason = str(error).partition("\n")[0]
            raise ResultError(f"{parquet} is not a points file of this workbench", reason) from error
        try:
            yield points
        except duckdb.Error as error:
            raise PointsError(f"The points in {parquet} cannot be read", str(error).partition("\n")[0]) from error


_SOURCE = """
WITH lines AS (SELECT * FROM read_parquet(?, file_row_number = true, hive_partitioning = false)),
     points AS (SELECT * FROM lines WHERE declaration IS NULL)
"""

_TOTALS = """count(*), fsum(value), min(value), max(value), count_if(value <> 0), arg_max(value, file_row_number)"""
