"""What the service asks the database outside the hot path: coupons made and looked up, issues looked up."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from asyncmy.errors import IntegrityError

from coupons import decision
from coupons.decision import Decision
from coupons.errors import CannotDecide
from coupons.pool import LOST, Pool
from coupons.writers.statements import now


class Coupon(NamedTuple):
    """A coupon and how much of it is gone."""

    coupon_id: int
    stock: int
    remaining: int  # as the database counts: kept under db-lock and redis-lock
    issued: int


class Issue(NamedTuple):
    """A coupon that a user has."""

    event_id: int
    accepted_at: datetime
    confirmed_at: datetime | None


class Tables:
    """Reads and the making of coupons; every wait is bounded."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: set[int] = set()

    async def create(self, stock: int, coupon_id: int | None) -> int | None:
        """Make a coupon; its id, or None when a coupon with that id exists."""
        row = (coupon_id, stock, stock, now())
        try:
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                await cursor.execute(
                    "INSERT INTO coupons (id, stock, remaining, created_at) VALUES (%s, %s, %s, %s)", row
                )
                made = coupon_id or int(cursor.lastrowid)
                await connection.commit()
        except IntegrityError:
            return None
        except LOST as error:
            raise CannotDecide("the database does not answer") from error
        return made

    async def exists(self, coupon_id: int) -> bool:
        """Whether there is such a coupon (coupons are never removed, so a yes is kept)."""
        if coupon_id not in self._known:
            if not await self._rows("SELECT 1 FROM coupons WHERE id = %s", (coupon_id,)):
                return False
            self._known.add(coupon_id)
        return True

    async def coupon(self, coupon_id: int) -> Coupon | None:
        """The coupon with its counts."""
        rows = await self._rows(
            "SELECT id, stock, remaining, (SELECT COUNT(*) FROM issues WHERE coupon_id = coupons.id) "
            "FROM coupons WHERE id = %s",
            (coupon_id,),
        )
        return Coupon(*rows[0]) if rows else None

    async def issue(self, coupon_id: int, user_id: int) -> Issue | None:
        """What the user has of the coupon."""
        rows = await self._rows(
            "SELECT event_id, accepted_at, confirmed_at FROM issues WHERE coupon_id = %s AND user_id = %s",
            (coupon_id, user_id),
        )
        return Issue(*rows[0]) if rows else None

    async def refusal(self, coupon_id: int, user_id: int) -> Decision | None:
        """Why the user would get none as things stand; None when nothing speaks against it.

        Where the database counts the stock (db-lock, redis-lock). Nothing is locked: what is written decides.
        """
        rows = await self._rows(
            "SELECT remaining, EXISTS (SELECT 1 FROM issues WHERE coupon_id = coupons.id AND user_id = %s) "
            "FROM coupons WHERE id = %s",
            (user_id, coupon_id),
        )
        if not rows:
            return decision.UNKNOWN_COUPON
        remaining, has_one = rows[0]
        if has_one:
            return decision.ALREADY
        return None if remaining else decision.SOLD_OUT

    async def answers(self) -> bool:
        """Whether the database answers."""
        try:
            return bool(await self._rows("SELECT 1", ()))
        except CannotDecide:
            return False

    async def _rows(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                await cursor.execute(query, parameters)
                rows = await cursor.fetchall()
                await connection.rollback()  # the next read begins a new snapshot
                return list(rows)
        except LOST as error:
            raise CannotDecide("the database does not answer") from error
