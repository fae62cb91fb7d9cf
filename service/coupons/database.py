"""Synchronous connections, as the relay, the consumers and the schema use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pymysql

from coupons.settings import Database

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

CONNECT_TIMEOUT_S: Final = 3
ANSWER_TIMEOUT_S: Final = 10
#: Well below the answer's time-out: the server then says "lock wait time-out", and the connection is kept.
LOCK_WAIT_S: Final = 3
#: What every session says first. READ COMMITTED: no gap locks between processes that touch neighbouring rows.
SESSION: Final = (
    "SET time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_S}, SESSION lock_wait_timeout = {LOCK_WAIT_S}",
)


def connect(where: Database) -> Connection[Cursor]:
    """A connection without autocommit; every wait on it is bounded."""
    connection = pymysql.connect(
        host=where.host,
        port=where.port,
        user=where.user,
        password=where.password,
        database=where.name,
        charset="utf8mb4",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=ANSWER_TIMEOUT_S,
        write_timeout=ANSWER_TIMEOUT_S,
        autocommit=False,
    )
    with connection.cursor() as cursor:
        for statement in SESSION:
            cursor.execute(statement)
    return connection
