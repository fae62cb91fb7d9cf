"""The effect of events in the database: the inbox row and the confirmation in one transaction, once per event."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pymysql

from coupons.events import CouponIssued

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

DUPLICATE_KEY: Final = 1062
#: Deadlock and lock wait time-out: the whole transaction may be tried again.
TRY_AGAIN: Final = frozenset({1213, 1205})
TRIES: Final = 4

SEEN: Final = "SELECT event_id FROM inbox WHERE event_id IN %s"
#: Only a row of nothing but parameters is sent as one statement for all rows.
INBOX: Final = "INSERT INTO inbox (event_id, applied_at) VALUES (%s, %s)"
#: The last statement of the transaction, stamped as it begins by the server: only the update and the commit come later.
CONFIRM: Final = (
    "UPDATE issues FORCE INDEX (issue_event) "
    "SET confirmed_at = UTC_TIMESTAMP(6), confirmations = confirmations + 1 WHERE event_id IN %s"
)


class Inapplicable(Exception):
    """There is no issue for an event: nothing to confirm."""


class Applier:
    """Applies events on one connection."""

    def __init__(self, connection: Connection[Cursor]) -> None:
        self._connection = connection

    def apply(self, events: Sequence[CouponIssued]) -> list[CouponIssued]:
        """Apply those of `events` that have not been applied yet, in one transaction; return them.

        A deadlock is tried again a few times. Whatever is raised, the transaction was rolled back or its connection is
        lost.

        Raises
        ------
        Inapplicable
            An event has no issue; nothing was applied.
        pymysql.MySQLError
            Nothing is known to be applied.
        """
        unique = list({event.event_id: event for event in events}.values())
        try:
            self._patiently(unique)
        except pymysql.IntegrityError as error:
            if error.args[0] != DUPLICATE_KEY:
                raise
            unique = self._unseen(unique)
            self._patiently(unique)
        return unique

    def _patiently(self, events: Sequence[CouponIssued]) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                self._transaction(events)
            except pymysql.MySQLError as error:
                self._roll_back()
                if attempt == TRIES or error.args[0] not in TRY_AGAIN:
                    raise
                time.sleep(random.uniform(0.01, 0.05) * attempt)
            except Inapplicable:
                self._roll_back()
                raise
            else:
                return

    def _roll_back(self) -> None:
        with suppress(pymysql.MySQLError):  # a connection that is lost is rolled back by the server
            self._connection.rollback()

    def _transaction(self, events: Sequence[CouponIssued]) -> None:
        if not events:
            return
        ids = [event.event_id for event in events]
        with self._connection.cursor() as cursor:
            now = datetime.now(UTC).replace(tzinfo=None)
            cursor.executemany(INBOX, [(event_id, now) for event_id in ids])
            confirmed = cursor.execute(CONFIRM, (ids,))
        if confirmed != len(ids):
            raise Inapplicable(f"{len(ids) - confirmed} of {len(ids)} events have no issue")
        self._connection.commit()

    def _unseen(self, events: Sequence[CouponIssued]) -> list[CouponIssued]:
        with self._connection.cursor() as cursor:
            cursor.execute(SEEN, ([event.event_id for event in events],))
            seen = {event_id for (event_id,) in cursor.fetchall()}
        self._connection.rollback()
        return [event for event in events if event.event_id not in seen]
