"""The message that says a coupon was issued."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class CouponIssued(msgspec.Struct, frozen=True):
    """One issued coupon."""

    event_id: Id
    coupon_id: Id
    user_id: Id
    accepted_at: Annotated[datetime, msgspec.Meta(tz=True)]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CouponIssued).decode


def encode(event_id: int, coupon_id: int, user_id: int, accepted_at: datetime) -> bytes:
    """The message's value; `accepted_at` is UTC without a zone, as the database gives it."""
    return _encode(CouponIssued(event_id, coupon_id, user_id, accepted_at.replace(tzinfo=UTC)))


def decode(value: bytes | None) -> CouponIssued:
    """The event in a message's value.

    Raises
    ------
    ValueError
        The value is not such an event.
    """
    if value is None:
        raise ValueError("the message has no value")
    try:
        return _decode(value)
    except RecursionError as error:
        raise ValueError(str(error)) from None
