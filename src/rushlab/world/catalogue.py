"""The index of runs: SQLAlchemy over any URL, rebuilt from the folders, which stay the truth."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from rushlab.model.errors import StorageError
from rushlab.model.run import Run
from rushlab.world.files import storage
from rushlab.world.folders import RECORD, all_runs
from rushlab.world.settings import Settings

_schema = MetaData()

RUNS = Table(
    "runs",
    _schema,
    Column("id", String(200), nullable=False),
    Column("path", String(700), primary_key=True),
    Column("changed", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("profile", String(60), nullable=False),
    Column("variant", String(200), nullable=False),
    Column("scale", Float, nullable=False),
    Column("state", String(20), nullable=False),
    Column("validity", String(20)),
    Column("audit", String(20)),
    Column("requests", Integer),
    Column("p95_ms", Float),
    Column("bound_share", Float),
)


#: SQLite's codes for a file that cannot be used now and is no damaged one.
_NOT_NOW = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_NOMEM,
}
_WAIT_S = 30.0


def refresh(settings: Settings) -> pd.DataFrame:
    """Bring the index in step with the folders and return it; the default file is made anew when it is damaged.

    Returns
    -------
    DataFrame
        # one row per run, newest first: the columns of RUNS (times as epoch seconds, p95 in ms)

    Raises
    ------
    StorageError
        The database cannot be opened or written.
    """
    with storage(settings.data_folder):
        settings.data_folder.mkdir(parents=True, exist_ok=True)
    try:
        return _refreshed(settings)
    except (SQLAlchemyError, pd.errors.DatabaseError) as error:
        if settings.catalogue is not None or not _is_damage(error):
            raise _unusable(settings, error) from error
    try:
        _remove(settings)
        return _refreshed(settings)
    except (SQLAlchemyError, pd.errors.DatabaseError) as error:
        raise _unusable(settings, error) from error


def _remove(settings: Settings) -> None:
    with storage(settings.index):
        for file in settings.index_files:
            file.unlink(missing_ok=True)


def _refreshed(settings: Settings) -> pd.DataFrame:
    with _connect(settings) as connection:
        known = {row.path: row.changed for row in connection.execute(select(RUNS.c.path, RUNS.c.changed))}
        found = {str(path.parent): path.stat().st_mtime for path in settings.runs.glob(f"*/{RECORD}")}
        _forget(connection, [path for path in known if found.get(path) != known[path]])
        _add(connection, settings, {path: when for path, when in found.items() if known.get(path) != when})
        return pd.read_sql(select(RUNS).order_by(RUNS.c.created.desc()), connection)


def _forget(connection: Connection, paths: list[str]) -> None:
    for path in paths:
        connection.execute(delete(RUNS).where(RUNS.c.path == path))


def _add(connection: Connection, settings: Settings, changed: dict[str, float]) -> None:
    rows = [
        _row(folder.record, folder.path, changed[str(folder.path)])
        for folder in all_runs(settings.runs)
        if str(folder.path) in changed
    ]
    if rows:
        connection.execute(insert(RUNS), rows)


def _row(run: Run, path: Path, changed: float) -> dict[str, object]:
    figures = run.figures or {}
    return {
        "id": run.id,
        "path": str(path),
        "changed": changed,
        "created": run.timing.created,
        "profile": run.profile.name,
        "variant": run.variant,
        "scale": run.scale,
        "state": str(run.state),
        "validity": str(run.verdict.validity) if run.verdict else None,
        "audit": str(run.audit.verdict) if run.audit else None,
        "requests": figures.get("requests"),
        "p95_ms": figures.get("p95_ms"),
        "bound_share": figures.get("bound_share"),
    }


@contextmanager
def _connect(settings: Settings) -> Iterator[Connection]:
    engine = create_engine(settings.catalogue_url)
    try:
        if engine.dialect.name == "sqlite":
            _write_alone(engine)
        with engine.begin() as connection:
            _schema.create_all(connection)
            yield connection
    finally:
        engine.dispose()


def _write_alone(engine: Engine) -> None:
    """Let a transaction of SQLite begin with the right to write, which a second process waits for.

    Left to itself Python's sqlite3 begins one only at the first change: two processes would make the table at once.
    See SQLAlchemy's documentation, "Serializable isolation / Savepoints / Transactional DDL" of pysqlite.
    """

    @event.listens_for(engine, "connect")
    def _leave_begin_to_us(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_WAIT_S * 1000:.0f}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _is_damage(error: Exception) -> bool:
    """Whether SQLite says that the file itself is not as it should be."""
    cause = error if isinstance(error, SQLAlchemyError) else error.__cause__
    code = getattr(getattr(cause, "orig", None), "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF not in _NOT_NOW  # the higher bits only say more of it


def _unusable(settings: Settings, error: Exception) -> StorageError:
    default = "Start again, or name another folder with RUSHLAB_DATA."
    do = default if settings.catalogue is None else "Check RUSHLAB_CATALOGUE."
    return StorageError("The catalogue of runs cannot be used", str(error).splitlines()[0], do)
