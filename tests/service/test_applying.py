"""The effect of events: a deadlock is tried again, and nothing that fails leaves a transaction open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pymysql
import pytest

from coupons import applying
from coupons.applying import TRIES, Applier, Inapplicable
from coupons.events import CouponIssued


class Connection:
    """Raises the errors it is told at the first statement of a transaction, one after the other."""

    def __init__(self, *errors: Exception | None, confirmed: int = 1) -> None:
        self.errors = list(errors)
        self.confirmed = confirmed
        self.open = False
        self.commits = 0

    def cursor(self) -> Connection:
        return self

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None: ...

    def executemany(self, statement: str, rows: Sequence[Any]) -> int:
        self.open = True
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return len(rows)

    def execute(self, statement: str, parameters: Any) -> int:
        self.open = True
        return self.confirmed

    def fetchall(self) -> list[tuple[int]]:
        return [(7,)]

    def commit(self) -> None:
        self.open = False
        self.commits += 1

    def rollback(self) -> None:
        self.open = False


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying.time, "sleep", lambda seconds: None)


def apply(connection: Connection) -> list[CouponIssued]:
    told: Any = connection
    return Applier(told).apply([CouponIssued(7, 1, 2, datetime(2026, 1, 1, tzinfo=UTC))])


@pytest.mark.parametrize("number", [1213, 1205])
def test_a_deadlock_is_tried_again_a_few_times(number: int) -> None:
    connection = Connection(*[pymysql.OperationalError(number, "try again")] * (TRIES - 1))
    assert len(apply(connection)) == 1
    assert (connection.commits, connection.open) == (1, False)


@pytest.mark.parametrize(
    "connection",
    [
        Connection(*[pymysql.OperationalError(1213, "deadlock")] * TRIES),
        Connection(pymysql.OperationalError(2013, "lost")),
        Connection(pymysql.DataError(1264, "out of range")),
        Connection(pymysql.IntegrityError(1048, "null")),
        Connection(confirmed=0),
    ],
)
def test_what_fails_leaves_no_transaction_open(connection: Connection) -> None:
    with pytest.raises((pymysql.MySQLError, Inapplicable)):
        apply(connection)
    assert (connection.commits, connection.open) == (0, False)


def test_an_event_that_was_applied_before_has_no_second_effect() -> None:
    connection = Connection(pymysql.IntegrityError(1062, "duplicate"))
    assert apply(connection) == []
    assert (connection.commits, connection.open) == (0, False)
