"""The SQL of accepting a request; the same text for MariaDB and MySQL, parameters always bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from asyncmy.connection import Connection
    from asyncmy.cursors import Cursor

TAKE_ONE: Final = "UPDATE coupons SET remaining = remaining - 1 WHERE id = %s AND remaining > 0"
TAKE_MANY: Final = "UPDATE coupons SET remaining = remaining - %s WHERE id = %s"
LOCK_STOCK: Final = "SELECT remaining FROM coupons WHERE id = %s FOR UPDATE"
COUPON_EXISTS: Final = "SELECT 1 FROM coupons WHERE id = %s"
USER_HAS: Final = "SELECT 1 FROM issues WHERE coupon_id = %s AND user_id = %s"
ISSUE: Final = "INSERT INTO issues (coupon_id, user_id, event_id, accepted_at) VALUES (%s, %s, %s, %s)"
OUTBOX: Final = "INSERT INTO outbox (coupon_id, user_id, event_id, created_at) VALUES (%s, %s, %s, %s)"
KEEP: Final = (
    "INSERT INTO idempotency_keys (idempotency_key, coupon_id, user_id, outcome, event_id, created_at) "
    "VALUES (%s, %s, %s, %s, %s, %s)"
)
KEPT: Final = "SELECT coupon_id, user_id, outcome, event_id FROM idempotency_keys WHERE idempotency_key = %s"
#: A locking read waits for a transaction that is still about to commit the row, so its answer is final.
EVENT_WRITTEN: Final = "SELECT event_id FROM issues WHERE coupon_id = %s AND user_id = %s FOR UPDATE"

DUPLICATE_KEY: Final = 1062
#: Deadlock and lock wait time-out: the whole transaction may be tried again.
TRY_AGAIN: Final = frozenset({1213, 1205})
#: A group that failed for one of these is written row by row, so that a bad row fails alone.
ONE_BY_ONE: Final = TRY_AGAIN | {DUPLICATE_KEY}


class Row(NamedTuple):
    """What is written for one request, in the order of the columns."""

    coupon_id: int
    user_id: int
    event_id: int
    accepted_at: datetime  # UTC, without a zone, as DATETIME(6) wants it


def now() -> datetime:
    """The time of acceptance for `Row`."""
    return datetime.now(UTC).replace(tzinfo=None)


async def insert(cursor: Cursor, rows: Sequence[Row]) -> None:
    """Issue rows and outbox rows, one statement each."""
    await cursor.executemany(ISSUE, rows)
    await cursor.executemany(OUTBOX, rows)


async def users_with_coupon(connection: Connection, coupon_id: int, users: Sequence[int]) -> set[int]:
    """Those of `users` who have the coupon already."""
    marks = ", ".join(["%s"] * len(users))
    async with connection.cursor() as cursor:
        await cursor.execute(
            f"SELECT user_id FROM issues WHERE coupon_id = %s AND user_id IN ({marks})",
            (coupon_id, *users),
        )
        return {user for (user,) in await cursor.fetchall()}


def error_number(error: BaseException) -> int:
    """The server's error number, 0 when the error is not the server's."""
    number = error.args[0] if error.args else 0
    return number if isinstance(number, int) else 0
