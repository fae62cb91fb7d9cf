"""`Idempotency-Key`: a request that comes again with its key is answered as it was the first time.

What is kept is the answer (issued, already, sold out); that of an issue is committed together with it. A request that
had no such answer (503, lost, unknown coupon) is decided when it comes again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from asyncmy.errors import IntegrityError

from coupons.bodies import Refused
from coupons.decision import Decision, Outcome
from coupons.errors import CannotDecide, KeyTaken
from coupons.pool import LOST, Pool
from coupons.problems import problem
from coupons.reservation import Reservation
from coupons.writers import statements

HEADER: Final = b"idempotency-key"
LONGEST: Final = 255
_VISIBLE: Final = re.compile(rb"[!-~]{1,%d}" % LONGEST)
#: What is kept apart, since nothing else is committed for it.
_APART: Final = frozenset({Outcome.ALREADY, Outcome.SOLD_OUT})
_BAD_KEY: Final = problem(400, "Bad Request", f"An Idempotency-Key is one to {LONGEST} visible ASCII characters, once.")
_OTHER_REQUEST: Final = problem(422, "Unprocessable Content", "This Idempotency-Key was used for another request.")


def key_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The request's key; None without the header, 400 when it cannot be one."""
    key: bytes | None = None
    for name, value in headers:
        if name == HEADER:
            if key is not None or not _VISIBLE.fullmatch(value):
                raise Refused(400, _BAD_KEY)
            key = value
    return None if key is None else key.decode()


class Kept(NamedTuple):
    """A request and what it was answered."""

    coupon_id: int
    user_id: int
    decided: Decision

    def again(self, coupon_id: int, user_id: int) -> Decision:
        """The same answer for the same request; 422 for another one."""
        if (coupon_id, user_id) != (self.coupon_id, self.user_id):
            raise Refused(422, _OTHER_REQUEST)
        return self.decided


class KeyStore(Protocol):
    """Where answers are kept by key, over every process and restart."""

    async def find(self, key: str) -> Kept | None:
        """What was answered to the request with that key."""

    async def keep(self, key: str, kept: Kept) -> None:
        """Keep an answer; KeyTaken when there is one for the key."""


class Keys:
    """The table `idempotency_keys`. Its rows are never removed here: how long they are needed, the operator knows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, key: str) -> Kept | None:
        """See `KeyStore.find`; CannotDecide when the database does not answer."""
        try:
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                await cursor.execute(statements.KEPT, (key,))
                rows = await cursor.fetchall()
                await connection.rollback()  # the next read begins a new snapshot
        except LOST as error:
            raise CannotDecide("the database does not answer") from error
        if not rows:
            return None
        coupon_id, user_id, outcome, event_id = rows[0]
        return Kept(coupon_id, user_id, Decision(Outcome(outcome), event_id))

    async def keep(self, key: str, kept: Kept) -> None:
        """See `KeyStore.keep`; CannotDecide when the database does not answer."""
        coupon_id, user_id, decided = kept
        row = (key, coupon_id, user_id, decided.outcome.value, decided.event_id, statements.now())
        try:
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                await cursor.execute(statements.KEEP, row)
                await connection.commit()
        except IntegrityError as error:
            raise KeyTaken("another request with this Idempotency-Key was quicker") from error
        except LOST as error:
            raise CannotDecide("the database does not answer") from error


class Once:
    """Requests with a key."""

    def __init__(self, reservation: Reservation, keys: KeyStore) -> None:
        self._reservation = reservation
        self._keys = keys

    async def issue(self, key: str, coupon_id: int, user_id: int) -> Decision:
        """What was answered before, or the decision of now.

        Raises
        ------
        Refused
            The key was used for another request.
        CannotDecide
            As `Reservation.issue`; nothing is kept then.
        """
        kept = await self._keys.find(key)
        if kept is not None:
            return kept.again(coupon_id, user_id)
        try:
            decided = await self._reservation.issue(coupon_id, user_id, key)
            if decided.outcome in _APART:
                await self._keys.keep(key, Kept(coupon_id, user_id, decided))
        except KeyTaken:
            kept = await self._keys.find(key)
            if kept is None:
                raise
            return kept.again(coupon_id, user_id)
        return decided
