"""The requests of a points file as small typed tables, drawn once and kept beside it for every further question.

answers   one row per http_req_duration: line, ended (epoch seconds), ms, blocked_ms, status, user, name
requests  one row per http_reqs: ended, status, user, name, ms, took_ms (blocked + duration)
others    k6's samples of vus, iteration durations, failed requests: metric, line, ended, value, user
lengths   iterations and requests of each user: user, iterations, requests, ms
begins    when the iterations began, in order: moment (epoch seconds); `ends` likewise when they ended
counts    points of requests and iterations: metric, points, total

k6 writes the points of one request in a row, with one time stamp, tags and metadata: http_reqs, its duration, its wait
for a connection (`blocked`, which holds connecting and TLS already). Where all requests of a file stand so, they are
read off in one pass. In any other file (points filtered or sorted by someone) what shares time, tags and metadata
is one request; several that share even these stay as many rows, with their mean length.

A large file's tables are kept as `.points-<key>-<checksum>.duckdb` in its folder. The key is a hash of the points, of
this module and `points_sql`, and of DuckDB's version, so tables of other points or of an older reading are never met;
the checksum is the table file's own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import duckdb

from rushlab.world import points_sql
from rushlab.world.files import identity, sha256
from rushlab.world.points_sql import SOURCE, as_file, connect, connection, opened, refused, require_file
from rushlab.world.points_tables import Tables

#: Points files from this size have their tables kept: a smaller one is read again sooner than stored.
KEPT_FROM_BYTES = 4 * 2**20
#: Files whose tables stay open in this process, in memory where they are not kept.
REMEMBERED = 2
_DRAWING = ".extract-"
#: A folder that is older is nobody's at work: tables of two million requests take seconds.
_LONGEST_S = 3600.0


@contextmanager
def extracted(parquet: Path) -> Iterator[Tables]:
    """The tables of the points in `parquet` (errors as for `points_sql.opened`)."""
    require_file(parquet)
    key = key_of(parquet)
    with refused(parquet):
        kept = _kept(parquet, key) if parquet.stat().st_size >= KEPT_FROM_BYTES else None
        con = _remembered(parquet, key) if kept is None else _opened(kept, identity(kept))
        yield Tables(con.cursor())


def key_of(parquet: Path) -> str:
    """What the tables depend on: the points, the code that draws them, the engine that runs it."""
    code = (sha256(Path(file)) for file in (__file__, points_sql.__file__))
    parts = (_digest(parquet, identity(parquet)), *code, duckdb.__version__)
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def _digest(file: Path, told_by: tuple[int, ...]) -> str:
    """SHA-256 of the file; read anew when anything of its identity has changed."""
    return sha256(file)


@lru_cache(maxsize=REMEMBERED)
def _remembered(parquet: Path, key: str) -> duckdb.DuckDBPyConnection:
    """The tables in memory, for small files and where nothing can be kept."""
    con = connect(parquet.with_suffix(".spill"))
    _draw(con, parquet)
    return con


@lru_cache(maxsize=REMEMBERED)
def _opened(kept: Path, told_by: tuple[int, ...]) -> duckdb.DuckDBPyConnection:
    """The tables of a large file, opened once for all questions in a row."""
    return connect(kept.with_suffix(".spill"), kept)


def _kept(parquet: Path, key: str) -> Path | None:
    """The whole table file of this key, made when it is not there; None where it cannot be stored."""
    try:
        return _found(parquet, key) or _made(parquet, key)
    except OSError:
        return None


def _found(parquet: Path, key: str) -> Path | None:
    for file in parquet.parent.glob(f".{parquet.stem}-{key}-*.duckdb"):
        if _digest(file, identity(file)).startswith(file.stem.rpartition("-")[2]):
            return file
        file.unlink(missing_ok=True)
    return None


def _made(parquet: Path, key: str) -> Path:
    """Draw the tables into a file that gets its name when it is whole; those of other keys go, and what a kill left."""
    for left in parquet.parent.glob(f"{_DRAWING}*"):
        if time.time() - left.stat().st_mtime > _LONGEST_S:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_DRAWING, dir=parquet.parent) as folder:
        fresh = Path(folder) / "tables.duckdb"
        try:
            with connection(Path(folder), fresh, read_only=False) as con:
                _draw(con, parquet)
        except duckdb.IOException as error:
            raise OSError(str(error)) from error
        target = parquet.with_name(f".{parquet.stem}-{key}-{sha256(fresh)[:16]}.duckdb")
        os.replace(fresh, target)  # noqa: PTH105 - one atomic rename
    for file in parquet.parent.glob(f".{parquet.stem}-*.duckdb"):
        if not file.name.startswith(f".{parquet.stem}-{key}-"):
            file.unlink(missing_ok=True)
    return target


def _draw(con: duckdb.DuckDBPyConnection, parquet: Path) -> None:
    file = as_file(parquet)
    with opened(parquet):  # what is no points file is told in words
        pass
    with ThreadPoolExecutor(max_workers=1) as beside:  # the windows of `answers` keep one processor busy
        iterations = beside.submit(_draw_iterations, con.cursor(), file)
        con.execute(f"CREATE TABLE answers AS {SOURCE} {_ANSWERS}", [file])
        iterations.result()
    if con.execute(_REGULAR).fetchall() == [(True,)]:
        con.execute(f"CREATE VIEW requests AS {_REQUESTS_IN_A_ROW}")
        con.execute(f"CREATE VIEW lengths AS {_LENGTHS_IN_A_ROW}")
        return
    con.execute("DROP TABLE answers")
    for table, sql in (("answers", _ANSWERS_APART), ("requests", _REQUESTS_APART), ("lengths", _LENGTHS_APART)):
        con.execute(f"CREATE TABLE {table} AS {SOURCE} {sql}", [file])


def _draw_iterations(con: duckdb.DuckDBPyConnection, file: str) -> None:
    """All tables but those of the requests; closes its connection."""
    with con:
        for table, sql in (("counts", _COUNTS), ("others", _OTHERS)):
            con.execute(f"CREATE TABLE {table} AS {SOURCE} {sql}", [file])
        for table, moment in (("begins", "ended - value / 1000"), ("ends", "ended")):
            con.execute(f"CREATE TABLE {table} AS SELECT {moment} AS moment {_OF_ITERATIONS}")


_USER = """TRY_CAST(json_extract_string(metadata, '/user') AS BIGINT)"""
_STATUS = "TRY_CAST(json_extract_string(tags, '/status') AS INTEGER)"
_NAME = "json_extract_string(tags, '/name')"

_COUNTS = """
SELECT metric, count(*) AS points, fsum(value) AS total FROM points
WHERE metric IN ('http_reqs', 'http_req_duration', 'http_req_blocked',
                 'iterations', 'iteration_duration', 'dropped_iterations') GROUP BY metric
"""

_OTHERS = f"""
SELECT metric, file_row_number AS line, epoch(time) AS ended, value, {_USER} AS "user" FROM points
WHERE metric IN ('vus', 'iteration_duration') OR (metric = 'http_req_failed' AND value <> 0)
"""

_OF_ITERATIONS = "FROM others WHERE metric = 'iteration_duration' ORDER BY moment"

# The windows have no ORDER BY: DuckDB then keeps the file's order and needs no sort (a quarter of a gigabyte for a
# million requests); `in_a_row` checks that it did, and that the three points are those of one request. What the tags
# say is taken out before the windows, so that these carry no texts.
_ANSWERS = f"""
, three AS (
    SELECT metric, file_row_number AS line, time, value, hash(time, tags, metadata) AS whose,
           metric = 'http_req_duration' AS answer,
           CASE WHEN answer THEN {_STATUS} END AS status,
           CASE WHEN answer THEN {_NAME} END AS name,
           CASE WHEN answer THEN {_USER} END AS "user"
    FROM points WHERE metric IN ('http_reqs', 'http_req_duration', 'http_req_blocked')
  ),
  neighbours AS (
    SELECT * EXCLUDE (metric), lag(metric = 'http_reqs') OVER file AS asked_before,
           lag(whose) OVER file AS whose_before, lag(line) OVER file AS line_before,
           lead(metric = 'http_req_blocked') OVER file AS waited_after,
           lead(whose) OVER file AS whose_after, lead(line) OVER file AS line_after,
           lead(value) OVER file AS value_after
    FROM three WINDOW file AS ()
  )
SELECT line, epoch(time) AS ended, value AS ms, value_after AS blocked_ms, status, "user", name,
       asked_before AND whose_before = whose AND line_before < line
       AND waited_after AND whose_after = whose AND line_after > line AS in_a_row
FROM neighbours WHERE answer
"""

_REGULAR = """
SELECT (SELECT count_if(in_a_row) FROM answers) = ALL (
    SELECT coalesce(points, 0) FROM counts RIGHT JOIN (
        SELECT unnest(['http_reqs', 'http_req_duration', 'http_req_blocked']) AS metric) USING (metric))
"""

_REQUESTS_IN_A_ROW = """SELECT ended, status, "user", name, ms, ms + blocked_ms AS took_ms FROM answers"""

_LENGTHS_IN_A_ROW = """
SELECT "user", 0 AS iterations, 1 AS requests, ms + blocked_ms AS ms FROM answers
UNION ALL SELECT "user", 1, 0, value FROM others WHERE metric = 'iteration_duration'
"""

# The wait of a request is then the point that follows its duration at the same time, if there is one.
_ANSWERS_APART = f"""
, pairs AS (
    SELECT *, lead(metric) OVER file AS next_metric, lead(time) OVER file AS next_time,
           lead(value) OVER file AS next_value, lead(file_row_number) OVER file - file_row_number AS apart
    FROM points WHERE metric IN ('http_req_blocked', 'http_req_duration')
    WINDOW file AS ()
  )
SELECT file_row_number AS line, epoch(time) AS ended, value AS ms,
       CASE WHEN next_metric = 'http_req_blocked' AND next_time = time AND apart > 0 THEN next_value ELSE 0
       END AS blocked_ms, {_STATUS} AS status, {_USER} AS "user", {_NAME} AS name
FROM pairs WHERE metric = 'http_req_duration'
"""

_REQUESTS_APART = f"""
, requests AS (
    SELECT time, tags, metadata, count_if(metric = 'http_reqs') AS n,
           sum(value) FILTER (WHERE metric = 'http_req_duration') / count_if(metric = 'http_reqs') AS ms,
           sum(value) FILTER (WHERE metric <> 'http_reqs') / count_if(metric = 'http_reqs') AS took_ms
    FROM points WHERE metric IN ('http_reqs', 'http_req_blocked', 'http_req_duration')
    GROUP BY time, tags, metadata
  )
SELECT epoch(time) AS ended, {_STATUS} AS status, {_USER} AS "user", {_NAME} AS name, ms, took_ms
FROM (SELECT *, unnest(range(n::BIGINT)) FROM requests WHERE n > 0)
"""

_LENGTHS_APART = f"""
SELECT {_USER} AS "user", (metric = 'iteration_duration')::INTEGER AS iterations,
       (metric = 'http_req_duration')::INTEGER AS requests, value AS ms
FROM points WHERE metric IN ('http_req_blocked', 'http_req_duration', 'iteration_duration')
"""
