"""k6's figures from points in Parquet, by DuckDB.

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
from typing import Any

import duckdb
from msgspec import Struct

from rushlab.model.errors import PointsError, ResultError

MEMORY_LIMIT = "512MB"
MAX_THREADS = 8
#: Values of one metric that are held in memory at once (16 bytes each while they are collected).
MAX_SELECTED = 4_000_000
#: From so many order statistics on, one sort takes less than to select each.
MANY_RANKS = 50

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


def connect(
    spill: Path | None = None, database: Path | None = None, *, read_only: bool = True
) -> duckdb.DuckDBPyConnection:
    """DuckDB with bounded memory, no network; `spill` is the folder for what does not fit, `database` a file of its."""
    con = (
        duckdb.connect(config=_SETTINGS)
        if database is None
        else duckdb.connect(str(database), read_only=read_only, config=_SETTINGS)
    )
    threads = con.execute("SELECT current_setting('threads')").fetchall()[0][0]
    con.execute(f"SET threads = {min(int(threads), MAX_THREADS)}")
    con.execute("SET TimeZone = 'UTC'")
    if spill is not None:
        con.execute("SET temp_directory = ?", [str(spill)])
    return con


@contextmanager
def connection(
    spill: Path | None = None, database: Path | None = None, *, read_only: bool = True
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same, closed afterwards."""
    con = connect(spill, database, read_only=read_only)
    try:
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
        return self._con.execute(f"{SOURCE} {sql}", [self._file, *parameters]).fetchall()

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
        source = f"{SOURCE} SELECT value FROM points WHERE {selection.condition}"
        return interpolated(self._con, source, [self._file, *selection.parameters], count, shares)

    def percentiles_of(self, counts: Mapping[str, int], shares: Sequence[float]) -> dict[str, list[float]]:
        """The same of whole metrics that have so many points, as many of one count together as memory holds."""
        found: dict[str, list[float]] = {}
        for count in sorted(set(counts.values())):
            metrics = [metric for metric in counts if counts[metric] == count]
            size = max(1, MAX_SELECTED // count)
            for at in range(0, len(metrics), size):
                found |= self._together(metrics[at : at + size], count, shares)
        return found

    def _together(self, metrics: Sequence[str], count: int, shares: Sequence[float]) -> dict[str, list[float]]:
        if len(metrics) == 1:
            return {metrics[0]: self.percentiles(Selection(metrics[0]), count, shares)}
        ranks, between = _ranks(count, shares)
        rows = self.rows(
            f"SELECT metric, {_order_statistics(ranks, count)} FROM points"
            f" WHERE metric IN ({', '.join('?' * len(metrics))}) GROUP BY metric",
            metrics,
        )
        return {metric: between(values) for metric, values in rows}


def interpolated(
    con: duckdb.DuckDBPyConnection, source: str, parameters: Sequence[object], count: int, shares: Sequence[float]
) -> list[float]:
    """k6's percentiles (shares in 0…1) of the `count` > 0 numbers in `source`, a query with one column `value`."""
    ranks, between = _ranks(count, shares)
    if count > MAX_SELECTED or len(ranks) > MANY_RANKS:
        return between(_sorted(con, source, parameters, ranks))
    sql = f"SELECT {_order_statistics(ranks, count)} FROM ({source})"
    return between(con.execute(sql, list(parameters)).fetchall()[0][0])


def _ranks(count: int, shares: Sequence[float]) -> tuple[list[int], Callable[[list[float]], list[float]]]:
    """The order statistics (from 0) that the shares lie between, and what makes percentiles of their values."""
    places = [share * (count - 1.0) for share in shares]
    ranks = sorted({rank for place in places for rank in (math.floor(place), math.ceil(place))})

    def between(values: list[float]) -> list[float]:
        of = dict(zip(ranks, values, strict=True))
        return [_between(of[math.floor(place)], of[math.ceil(place)], place % 1.0) for place in places]

    return ranks, between


def _order_statistics(ranks: list[int], count: int) -> str:
    """SQL for these of `count` values, which are all held in memory."""
    # quantile_disc(q) is the order statistic number ceil(q·n): the half keeps clear of rounding.
    return f"quantile_disc(value, [{', '.join(repr((rank + 0.5) / count) for rank in ranks)}])"


def _sorted(con: duckdb.DuckDBPyConnection, source: str, parameters: Sequence[object], ranks: list[int]) -> list[float]:
    """Order statistics by a sort, which spills to the disk: quantile_disc cannot."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE sorted AS {source} ORDER BY value", list(parameters))
    places = ", ".join(map(str, ranks))
    rows = con.execute(f"SELECT value FROM sorted WHERE rowid IN ({places}) ORDER BY rowid").fetchall()
    con.execute("DROP TABLE sorted")
    return [value for (value,) in rows]


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
    require_file(parquet)
    with connection(parquet.with_suffix(".spill")) as con:
        points = Points(con, parquet)
        try:
            points.rows("SELECT metric, time, value, tags, metadata, declaration FROM points LIMIT 0")
        except (duckdb.InvalidInputException, duckdb.BinderException, duckdb.IOException) as error:
            reason = str(error).partition("\n")[0]
            raise ResultError(f"{parquet} is not a points file of this workbench", reason) from error
        with refused(parquet):
            yield points


def require_file(parquet: Path) -> None:
    """ResultError when there are no points."""
    if not parquet.is_file():
        raise ResultError(f"There are no points at {parquet}")


@contextmanager
def refused(parquet: Path) -> Iterator[None]:
    """What the database refuses while it is asked about `parquet`, as a PointsError in words."""
    try:
        yield
    except duckdb.Error as error:
        raise PointsError(f"The points in {parquet} cannot be read", str(error).partition("\n")[0]) from error


SOURCE = """
WITH lines AS (SELECT * FROM read_parquet(?, file_row_number = true, hive_partitioning = false)),
     points AS (SELECT * FROM lines WHERE declaration IS NULL)
"""

_TOTALS = """count(*), fsum(value), min(value), max(value), count_if(value <> 0), arg_max(value, file_row_number)"""
