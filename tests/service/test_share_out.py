"""Who gets a coupon of a group, decided under the lock of the stock's row."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from coupons.decision import ALREADY, SOLD_OUT
from coupons.writers.grouped import _share_out
from coupons.writers.statements import Row

users = st.lists(st.integers(1, 20), max_size=40)


def rows(of: list[int]) -> list[Row]:
    return [Row(1, user, event, datetime(2026, 1, 1)) for event, user in enumerate(of, 1)]


@given(users, st.sets(st.integers(1, 20)), st.integers(0, 30))
def test_no_oversell_no_duplicate_nobody_refused_without_reason(asked: list[int], have: set[int], left: int) -> None:
    refused, taken = _share_out(rows(asked), have, left)
    served = [row.user_id for row in rows(asked) if row.event_id not in refused]
    assert len(served) == taken <= left
    assert len(set(served)) == len(served)
    assert not set(served) & have
    for row in rows(asked):
        if refused.get(row.event_id) == SOLD_OUT:
            assert taken == left
            assert row.user_id not in have
        if refused.get(row.event_id) == ALREADY:
            assert row.user_id in have or row.user_id in served


def test_the_first_who_ask_are_served() -> None:
    refused, taken = _share_out(rows([5, 6, 5, 7, 8]), {6}, 2)
    assert taken == 2
    assert refused == {2: ALREADY, 3: ALREADY, 5: SOLD_OUT}
