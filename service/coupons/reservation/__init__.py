"""Who decides which request gets a coupon: one module per value of the knob `reservation`.

`db_lock` leaves it to the row of the stock, `redis_lock` puts a token lock in front of that, `atomic` (redis-lua and
redis-zset) reserves in Redis by one script and lets the database confirm.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from coupons.decision import Decision


class Reservation(Protocol):
    """Decides a request and has it written."""

    def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Awaitable[Decision]:
        """The answer to the request; an ISSUED one is committed, together with its idempotency key if it has one.

        Raises
        ------
        CannotDecide
            Redis or the database cannot be trusted or did not answer in time.
        """

    async def start(self) -> None:
        """Make ready to decide (waits for servers that are needed)."""

    async def seed(self, coupon_id: int, stock: int) -> None:
        """A new coupon was created in the database."""

    async def remaining(self, coupon_id: int) -> int | None:
        """Coupons left where this variant counts them; None when the database's own count is meant."""

    async def ready(self) -> bool:
        """Whether a request could be decided now, as far as Redis is concerned."""

    async def close(self) -> None:
        """Finish and let go of connections."""
