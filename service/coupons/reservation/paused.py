"""A pause planted before every decision (knob `pause_ms`): a known slowness that a comparison has to find."""

from __future__ import annotations

import asyncio

from coupons.decision import Decision
from coupons.reservation import Reservation


class Paused:
    """Another reservation, each request of which first waits; requests wait beside each other, none for another."""

    def __init__(self, inner: Reservation, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds
        self.start = inner.start
        self.seed = inner.seed
        self.remaining = inner.remaining
        self.ready = inner.ready
        self.close = inner.close

    async def issue(self, coupon_id: int, user_id: int, key: str | None = None) -> Decision:
        """What the other one answers, later."""
        await asyncio.sleep(self._seconds)
        return await self._inner.issue(coupon_id, user_id, key)
