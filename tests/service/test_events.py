"""The message: what is written is read back, and nothing else is taken for an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons import events

ids = st.integers(1, 2**63 - 1)


@given(ids, ids, ids, st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)))
def test_an_event_is_read_back_as_it_was_written(event: int, coupon: int, user: int, accepted: datetime) -> None:
    read = events.decode(events.encode(event, coupon, user, accepted))
    assert read == events.CouponIssued(event, coupon, user, accepted.replace(tzinfo=UTC))


def test_the_value_is_json_with_an_rfc_3339_time() -> None:
    value = json.loads(events.encode(7, 1, 42, datetime(2026, 1, 2, 3, 4, 5, 678)))
    assert value == {"event_id": 7, "coupon_id": 1, "user_id": 42, "accepted_at": "2026-01-02T03:04:05.000678Z"}


GOOD = {"event_id": 7, "coupon_id": 1, "user_id": 42, "accepted_at": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"x" * 1_000_000,
        b'{"x":' + b"[" * 100_000,
        json.dumps({**GOOD, "event_id": True}).encode(),
        json.dumps({**GOOD, "event_id": 0}).encode(),
        json.dumps({**GOOD, "event_id": 2**63}).encode(),
        json.dumps({**GOOD, "user_id": "42"}).encode(),
        json.dumps({**GOOD, "accepted_at": "yesterday"}).encode(),
        json.dumps({**GOOD, "accepted_at": "2026-01-02T03:04:05"}).encode(),
        json.dumps({key: GOOD[key] for key in ("event_id", "coupon_id")}).encode(),
    ],
)
def test_what_is_not_an_event_is_a_value_error(value: bytes | None) -> None:
    with pytest.raises(ValueError):
        events.decode(value)
