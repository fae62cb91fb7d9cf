"""The mean number of iterations under way, against the definition taken literally."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushlab.world.points_under_way import mean_under_way

BASE = 1_795_000_000.0
moments = st.floats(0, 100, allow_nan=False)
spans = st.tuples(moments, st.floats(0.1, 50))


@given(st.lists(spans, min_size=1, max_size=30), st.lists(spans, min_size=1, max_size=8))
def test_it_is_the_time_within_the_window_over_its_length(iterations, wanted):
    began = np.array([BASE + begin for begin, _ in iterations])
    ended = np.array([BASE + begin + length for begin, length in iterations])
    windows = [(BASE + begin, BASE + begin + length) for begin, length in wanted]
    literally = [
        sum(max(0.0, min(end, stop) - max(begin, start)) for start, stop in zip(began, ended, strict=True))
        / (end - begin)
        for begin, end in windows
    ]
    assert mean_under_way(began, ended, windows) == pytest.approx(literally, abs=1e-3)


def test_a_user_who_is_always_within_an_iteration_is_one_and_the_order_does_not_matter():
    ends = np.array([3.0, 1.0, 2.0])
    assert mean_under_way(ends - 1, ends, [(0.0, 3.0), (0.5, 1.5), (3.0, 4.0)]) == pytest.approx([1.0, 1.0, 0.0])
