"""An offset is committed only when every message before it is finished, in whatever order they end."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coupons.offsets import Offsets


def test_a_gap_holds_back_what_lies_behind_it() -> None:
    offsets = Offsets()
    for offset in (5, 6, 7):
        offsets.begin(0, offset)
    offsets.finish(0, 7)
    offsets.finish(0, 6)
    assert (offsets.take(), offsets.open) == ({}, 1)
    offsets.finish(0, 5)
    assert (offsets.take(), offsets.open) == ({0: 8}, 0)
    assert offsets.take() == {}


def test_a_partition_that_was_taken_away_is_not_committed() -> None:
    offsets = Offsets()
    offsets.begin(0, 1)
    offsets.begin(1, 1)
    offsets.forget([0])
    offsets.finish(0, 1)
    offsets.finish(1, 1)
    assert offsets.take() == {1: 2}


def _history(gaps: list[tuple[int, int]]) -> Any:
    """Messages with rising offsets (a compacted topic has gaps), and an order in which they end."""
    last = [0, 0, 0]
    begun = []
    for partition, gap in gaps:
        last[partition] += 1 + gap
        begun.append((partition, last[partition]))
    return st.tuples(st.just(begun), st.permutations(begun))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=40).flatmap(_history))
def test_nothing_unfinished_is_ever_passed(history: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> None:
    begun, order = history
    offsets, finished, committed = Offsets(), set(), dict[int, int]()
    for message in begun:
        offsets.begin(*message)
    for message in order:
        offsets.finish(*message)
        finished.add(message)
        committed |= offsets.take()
        for partition, next_offset in committed.items():
            assert all(one in finished for one in begun if one[0] == partition and one[1] < next_offset)
    assert offsets.open == 0
    assert committed == {part: 1 + max(offset for p, offset in begun if p == part) for part, _ in begun}
