"""The onset of trouble, from literal seconds."""

import numpy as np
import pandas as pd
import pytest

from rushlab.judge.onset import Onset, onset


def seconds(*p95_ms: float) -> pd.DataFrame:
    # one row per second: second, vus, requests, p95_ms
    count = len(p95_ms)
    return pd.DataFrame(
        {
            "second": range(count),
            "vus": [10.0 * n for n in range(count)],
            "requests": range(100, 100 + count),
            "p95_ms": p95_ms,
        }
    )


def test_the_first_of_three_seconds_in_a_row_with_what_was_there() -> None:
    assert onset(seconds(5, 2000, 5, 1500, 1600, 1700, 1800, 5), 1000) == Onset(
        second=3, lasted_s=4, over_s=5, vus=30, rate_per_s=103, p95_ms=1500.0
    )


@pytest.mark.parametrize(
    "p95_ms",
    [(), (5, 5, 5), (1500, 1500, 5, 1500, 1500), (1000, 1000, 1000, 1000), (1500, 1500, np.nan, 1500, 1500)],
    ids=["no second", "never over", "never three", "at the limit is not over it", "a gap ends the row"],
)
def test_no_onset(p95_ms: tuple[float, ...]) -> None:
    assert onset(seconds(*p95_ms), 1000) is None


def test_how_many_in_a_row_is_a_setting() -> None:
    found = onset(seconds(5, 1500, 1500, 5), 1000, seconds=2)
    assert found is not None
    assert (found.second, found.lasted_s) == (1, 2)


def test_trouble_to_the_very_end_counts() -> None:
    found = onset(seconds(5, 5, 1500, 1500, 1500), 1000)
    assert found is not None
    assert (found.second, found.lasted_s) == (2, 3)


def test_unknown_virtual_users_stay_unknown() -> None:
    frame = seconds(1500, 1500, 1500)
    frame.loc[0, "vus"] = np.nan
    found = onset(frame, 1000)
    assert found is not None
    assert found.vus is None
