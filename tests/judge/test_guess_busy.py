"""How busy a process was when it mattered."""

import pandas as pd
import pytest

from rushlab.judge.guess_busy import busy


def rows(values: list[float], every: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"second": [place * every for place in range(len(values))], "value": values})


def test_a_spike_does_not_average_away_in_the_busiest_seconds() -> None:
    found = busy(rows([5.0] * 20 + [95.0] * 20 + [5.0] * 20), 1)
    assert (found.share, found.when) == (pytest.approx(0.95), "in its busiest 10 s")


def test_seconds_of_trouble_come_before_the_busiest() -> None:
    found = busy(rows([5.0] * 20 + [95.0] * 20 + [50.0] * 20), 1, range(38, 42))
    assert (found.share, found.when) == (pytest.approx(0.725), "in the 4 seconds of trouble")


def test_seconds_of_trouble_without_a_sample_leave_the_busiest() -> None:
    found = busy(rows([20.0, 20.0, 180.0, 160.0, 20.0], every=5.0), 2, [1, 2])
    assert (found.share, found.when) == (pytest.approx(0.85), "in its busiest 10 s")


def test_one_busy_sample_at_the_begin_is_not_ten_seconds() -> None:
    assert busy(rows([100.0] + [10.0] * 30), 1).share == pytest.approx(0.19)


def test_without_values_nothing_is_known() -> None:
    assert busy(rows([float("nan")] * 3), 1) is None
    assert busy(rows([]), 1) is None


def test_a_sample_that_tells_of_more_than_the_load_does_not_count() -> None:
    """A run of 7.9 s has samples over 12.5 s each: all of them reach into what was before it or after."""
    short = pd.DataFrame({"second": [-1.7, 3.3, 8.3], "value": [105.0, 150.0, 20.0]})
    assert busy(short, 2, window_s=12.5, load_s=7.9) is None
    assert busy(short, 2).share > 0
    longer = pd.DataFrame({"second": [6.0, 6.25, 11.25, 16.25, 17.0], "value": [10.0, 150.0, 160.0, 170.0, 10.0]})
    assert busy(longer, 2, window_s=12.5, load_s=22.5).share == pytest.approx(0.825)
