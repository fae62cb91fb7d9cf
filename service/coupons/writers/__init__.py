"""How an accepted request becomes an issue row and an outbox row in one commit.

`per_request` commits each request by itself, `grouped` lets many requests share a commit. Either can take the stock in
the same transaction (`takes_stock`), which is what decides under the lock variants.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from coupons.decision import Decision


class Writer(Protocol):
    """Writes one request; the reply waits for the commit."""

    def write(self, coupon_id: int, user_id: int, key: str | None = None) -> Awaitable[Decision]:
        """The decision of the database: issued, already, or (when it takes the stock) sold out or unknown coupon.

        An idempotency key is written in the same commit.

        Raises
        ------
        NotWritten
            Nothing was written, and nothing will be; KeyTaken when the key was another request's.
        MaybeWritten
            The commit's answer was lost; the settling goes on and ends in `Settling.resolved`.
        Busy
            A bounded wait is over; nothing was written.
        """

    async def close(self) -> None:
        """Finish what was begun."""
