"""The coupons database between runs: emptied, filled with tables, watched until everything is confirmed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
from pymysql.cursors import Cursor

from rushlab.model.errors import StackError
from rushlab.world.stack.ports import HOST
from rushlab.world.stack.servers.base import Site
from rushlab.world.stack.servers.mariadb import DATABASE, USER

_SESSION = "SET time_zone = '+00:00', lock_wait_timeout = 10"
_ANSWER_S = 30
_POLL_S = 0.5

_PENDING = "SELECT 1 FROM outbox WHERE status = 0 LIMIT 1"
#: The newest are confirmed last: from their end the list is read whole only once, when nothing is missing.
_UNCONFIRMED = "SELECT 1 FROM issues FORCE INDEX (PRIMARY) WHERE confirmed_at IS NULL ORDER BY id DESC LIMIT 1"
_LAST = (
    "SELECT UNIX_TIMESTAMP(GREATEST("
    "COALESCE((SELECT MAX(confirmed_at) FROM issues), 0), COALESCE((SELECT MAX(sent_at) FROM outbox), 0)))"
)


@contextmanager
def _cursor(site: Site, database: str | None) -> Iterator[Cursor]:
    try:
        with (
            pymysql.connect(
                host=HOST,
                port=site.ports["database"],
                user=USER,
                password=site.passwords.coupons,
                database=database,
                autocommit=True,
                connect_timeout=5,
                read_timeout=_ANSWER_S,
                write_timeout=_ANSWER_S,
                init_command=_SESSION,
            ) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor
    except pymysql.MySQLError as error:
        why = str(error.args[-1])
        raise StackError("The database did not do what it was asked", why, "See: rushlab logs mariadb") from error


def empty(site: Site) -> None:
    """An empty database: dropped and made again, so that its tables are always those of this checkout."""
    with _cursor(site, None) as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")


def wait_confirmed(site: Site, timeout_s: float) -> float | None:
    """Wait until no outbox row is pending and no issue unconfirmed.

    Returns
    -------
    float | None
        The epoch second of the last confirmation (now, when nothing was ever issued); None after the time-out.
    """
    deadline = time.monotonic() + timeout_s
    with _cursor(site, DATABASE) as cursor:
        while True:
            if not (cursor.execute(_PENDING) or cursor.execute(_UNCONFIRMED)):
                return _last(cursor)
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_S)


def _last(cursor: Cursor) -> float:
    cursor.execute(_LAST)
    row = cursor.fetchone()
    last = float(row[0]) if row and row[0] is not None else 0.0
    return last or time.time()


def unfinished(site: Site) -> tuple[int, int]:
    """(outbox rows not sent, issues not confirmed)"""
    with _cursor(site, DATABASE) as cursor:
        cursor.execute("SELECT COUNT(*) FROM outbox WHERE status = 0")
        pending = cursor.fetchone() or (0,)
        cursor.execute("SELECT COUNT(*) FROM issues WHERE confirmed_at IS NULL")
        unconfirmed = cursor.fetchone() or (0,)
    return int(pending[0]), int(unconfirmed[0])
