"""What a request for a coupon is answered."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class Outcome(Enum):
    """The answers a request can have; the value is its label in the metrics."""

    ISSUED = "issued"
    ALREADY = "already"
    SOLD_OUT = "sold_out"
    UNKNOWN_COUPON = "rejected"


class Decision(NamedTuple):
    """An answer; `event_id` is the event of the coupon that was issued, 0 when none was."""

    outcome: Outcome
    event_id: int = 0


ALREADY: Final = Decision(Outcome.ALREADY)
SOLD_OUT: Final = Decision(Outcome.SOLD_OUT)
UNKNOWN_COUPON: Final = Decision(Outcome.UNKNOWN_COUPON)


def issued(event_id: int) -> Decision:
    """The decision that a coupon was issued and committed."""
    return Decision(Outcome.ISSUED, event_id)
