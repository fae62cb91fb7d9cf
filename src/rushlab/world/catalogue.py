"""The index of runs: SQLAlchemy over any URL, rebuilt from the folders, which stay the truth."""

from __future__ import annotations

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


def refresh(settings: Settings) -> pd.DataFrame:
    """Bring the index in step with the folders and return it.

    Returns
    -------
    DataFrame
        # one row per run, newest first: the columns of RUNS (times as epoch seconds, p95 in ms)

    Raises
    ------
    StorageError
        The database cannot be opened or written.
    """
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
    with storage(settings.data_folder):
        settings.data_folder.mkdir(parents=True, exist_ok=True)
    engine: Engine | None = None
    try:
        engine = create_engine(settings.catalogue_url)
        with engine.begin() as connection:
            _schema.create_all(connection)
            yield connection
    except SQLAlchemyError as error:
        raise StorageError(
            "The catalogue of runs cannot be used", str(error).splitlines()[0], "Check RUSHLAB_CATALOGUE."
        ) from error
    finally:
        if engine is not None:
            engine.dispose()
