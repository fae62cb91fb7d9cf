"""Sets of ids behave as Python's sets do."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rushlab.judge import ids

lists = st.lists(st.one_of(st.integers(0, 9), st.sampled_from([-1, 2**62, -(2**63), 2**63 - 1])), max_size=20)


def array(values: list[int]) -> ids.Ids:
    return np.array(values, np.int64)


@settings(deadline=None)
@given(lists, lists)
def test_against_python_sets(a: list[int], b: list[int]) -> None:
    one, other = array(a), array(b)
    assert ids.distinct(one, other).tolist() == sorted(set(a) | set(b))
    assert ids.minus(one, other).tolist() == sorted(set(a) - set(b))
    assert ids.common(one, other).tolist() == sorted(set(a) & set(b))
    assert ids.in_one_only(one, other).tolist() == sorted(set(a) ^ set(b))
    assert ids.repeated(one).tolist() == sorted(value for value, count in Counter(a).items() if count > 1)
    assert ids.contained(one, other).tolist() == [value in b for value in a]
