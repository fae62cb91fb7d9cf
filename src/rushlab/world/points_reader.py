"""k6's JSON output, plain or gzipped, to typed Parquet (its columns: points_sql)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rushlab.model.errors import PointsError, ResultError, StorageError
from rushlab.world.files import decoded, printable
from rushlab.world.points_damage import Compression, blame, is_intact, probe, salvage
from rushlab.world.points_line import MAX_LINE_BYTES, MAX_NAME_BYTES, MAX_TAGS_BYTES, declaration_of
from rushlab.world.points_sql import as_file, connection

_NOTES_KEY = "rushlab"


class Notes(Struct, frozen=True, kw_only=True):
    """What a points file says about its source (in Parquet's key-value metadata)."""

    schema: int = 1
    source: str = ""
    truncated: bool = False
    warnings: tuple[str, ...] = ()


class Ingested(Struct, frozen=True, kw_only=True):
    """`lines` that were not empty, `points` among them (the others declare metrics)."""

    lines: int
    points: int
    truncated: bool
    warnings: tuple[str, ...]


def ingest(source: Path, target: Path) -> Ingested:
    """Turn k6's JSON output into Parquet at `target`, which appears only when it is whole.

    A cut last line, or a cut gzip stream, is left out and marked `truncated`. The file is told by
    its first bytes, not by its name.

    Raises
    ------
    PointsError
        `source` is missing, empty, not k6's JSON output, over a limit, or has a bad line that is not
        its last one (named by its number).
    StorageError
        `target`'s folder cannot be written or its disk is full.
    """
    found = probe(source)
    notes = Notes(source=printable(source.name), warnings=found.warnings)
    with _workspace(target) as folder, connection(folder) as con:
        reader = _Reader(con, source, folder)
        notes = reader.salvaged(found.compression, notes) if found.cut else reader.read(found.compression, notes)
        lines, points = con.execute(_COUNTS, [as_file(reader.parquet)]).fetchall()[0]
        if points == 0 and notes.truncated:
            raise PointsError(f"{source} is cut before its first whole point", do="There is nothing in it to keep.")
        reader.parquet.replace(target)
    return Ingested(lines=lines, points=points, truncated=notes.truncated, warnings=notes.warnings)


def read_notes(parquet: Path) -> Notes:
    """The notes of a points file (ResultError when it is not there or is none)."""
    if not parquet.is_file():
        raise ResultError(f"There are no points at {parquet}")
    with connection() as con:
        try:
            rows = con.execute(_NOTES, [as_file(parquet), _NOTES_KEY.encode()]).fetchall()
            return decoded(rows[0][0], Notes)
        except (duckdb.Error, IndexError, msgspec.DecodeError) as error:
            raise ResultError(f"{parquet} is not a points file of this workbench") from error


class _BadDeclaration(Exception):
    """A Metric line that is JSON but not k6's."""


class _Reader:
    """One file on its way to `parquet` in a folder of its own."""

    def __init__(self, con: duckdb.DuckDBPyConnection, source: Path, folder: Path) -> None:
        self._con = con
        self._source = source
        self._named = _nameable(source, folder)
        self._lines = folder / "whole-lines.json"
        self.parquet = folder / "points.parquet"

    def read(self, compression: Compression, notes: Notes) -> Notes:
        """The fast path; what it cannot read, or not trust, is looked at again."""
        try:
            intact = self._copy_checked(compression, notes)
        except (duckdb.Error, _BadDeclaration) as error:
            _raise_if_storage(error, self._source)
            if compression == "none":
                raise blame(self._source, self._source, error) from error
            return self.salvaged(compression, notes)
        return notes if intact else self.salvaged(compression, notes)

    def _copy_checked(self, compression: Compression, notes: Notes) -> bool:
        """Copy, and beside it check what DuckDB does not: the checksum of a gzip file."""
        if compression == "none":
            self._copy(self._named, compression, notes)
            return True
        with ThreadPoolExecutor(max_workers=1) as pool:
            checked = pool.submit(is_intact, self._source)
            self._copy(self._named, compression, notes)
            return checked.result()

    def salvaged(self, compression: Compression, notes: Notes) -> Notes:
        """Read the whole lines only, uncompressed first: what still fails is a bad line."""
        notes = replace(notes, truncated=salvage(self._source, compression, self._lines))
        try:
            self._copy(self._lines, "none", notes)
        except (duckdb.Error, _BadDeclaration) as error:
            _raise_if_storage(error, self._source)
            raise blame(self._source, self._lines, error) from error
        return notes

    def _copy(self, lines: Path, compression: Compression, notes: Notes) -> None:
        """One pass: parse, check, write; Parquet keeps the notes beside the rows."""
        kept = f"KV_METADATA {{{_NOTES_KEY}: {_literal(_text(notes))}}}"
        options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, {kept}"
        self._con.execute(
            f"COPY ({_SELECT}) TO {_literal(str(self.parquet))} ({options})", [as_file(lines), compression]
        )
        self._check_declarations()

    def _check_declarations(self) -> None:
        """What SQL does not check: the sub-metrics of the Metric lines, a few in any real file."""
        found = self._con.execute(_DECLARATIONS, [as_file(self.parquet)])
        while rows := found.fetchmany(1000):
            for (text,) in rows:
                try:
                    declaration_of(text)
                except (msgspec.DecodeError, RecursionError) as error:
                    raise _BadDeclaration(str(error)) from error


@contextmanager
def _workspace(target: Path) -> Iterator[Path]:
    """A folder beside `target` for everything unfinished; gone afterwards in every case."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".ingest-", dir=target.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise StorageError(f"{target} cannot be written", error.strerror or str(error)) from error


def _nameable(source: Path, folder: Path) -> Path:
    """`source`, or a link to it where its name is no UTF-8, which DuckDB cannot be told."""
    if printable(source) == str(source):
        return source
    link = folder / printable(source.name)
    link.symlink_to(source.absolute())
    return link


def _raise_if_storage(error: Exception, source: Path) -> None:
    """StorageError when the disk or the memory limit, not the file, is what failed."""
    reason = str(error).partition("\n")[0]
    if "No space left" in reason:
        raise StorageError(f"The points of {source} could not be stored", "the disk is full") from error
    if isinstance(error, duckdb.OutOfMemoryException):
        raise StorageError(f"The points of {source} could not be stored", reason) from error


def _text(notes: Notes) -> str:
    return msgspec.json.encode(notes).decode()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_COUNTS = "SELECT count(*), count_if(declaration IS NULL) FROM read_parquet(?, hive_partitioning = false)"
_DECLARATIONS = """
SELECT DISTINCT declaration FROM read_parquet(?, hive_partitioning = false) WHERE declaration IS NOT NULL
"""
_NOTES = "SELECT value FROM parquet_kv_metadata(?) WHERE key = ?"

# Read as a number at once, "5" and true would be one too.
_VALUE = "TRY_CAST(CAST(data.value AS VARCHAR) AS DOUBLE)"

# The order of the lines is kept: k6's "last value of a gauge" is the last line, not the latest time stamp.
# A line that is JSON but no point of k6 stops the copy by error(); blame() then says which one it was.
_SELECT = f"""
SELECT metric, data.time AS time, {_VALUE} AS value, data.tags AS tags, data.metadata AS metadata,
       CASE
           WHEN type = 'Point' AND isfinite({_VALUE}) AND data.time IS NOT NULL
                AND strlen(metric) <= {MAX_NAME_BYTES}
                AND coalesce(starts_with(data.tags, '{{') AND strlen(data.tags) <= {MAX_TAGS_BYTES}, true)
                AND coalesce(starts_with(data.metadata, '{{') AND strlen(data.metadata) <= {MAX_TAGS_BYTES}, true)
                THEN NULL
           WHEN type = 'Metric' AND data.name = metric AND strlen(metric) <= {MAX_NAME_BYTES}
                AND data."type" IN ('counter', 'gauge', 'rate', 'trend')
                THEN to_json({{'name': data.name, 'type': data."type", 'contains': data.contains,
                              'thresholds': data.thresholds, 'submetrics': data.submetrics}})
           ELSE error('a line is not a k6 point')
       END AS declaration
FROM read_json(
    ?, hive_partitioning = false, format = 'newline_delimited', compression = ?, maximum_object_size = {MAX_LINE_BYTES},
    columns = {{metric: 'VARCHAR', type: 'VARCHAR', data: 'STRUCT(
        time TIMESTAMPTZ, value JSON, tags JSON, metadata JSON,
        name VARCHAR, "type" VARCHAR, contains VARCHAR, thresholds VARCHAR[], submetrics JSON)'}})
"""
