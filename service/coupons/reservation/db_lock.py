"""The stock's row in the database decides, and its lock makes requests wait for each other."""

from __future__ import annotations

from collections.abc import Awaitable

from coupons.decision import Decision
from coupons.writers import Writer


class DbLock:
    """Every request goes straight to the writer, which takes the stock in its transaction."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Awaitable[Decision]:
        """See `Reservation.issue`."""
        return self._writer.write(coupon_id, user_id, key)

    async def start(self) -> None:
        """Nothing to prepare."""

    async def seed(self, coupon_id: int, stock: int) -> None:
        """The coupon's own row is all there is."""

    async def remaining(self, coupon_id: int) -> int | None:
        """The database counts."""
        return None

    async def ready(self) -> bool:
        """Redis is not needed."""
        return True

    async def close(self) -> None:
        """Nothing is held."""
