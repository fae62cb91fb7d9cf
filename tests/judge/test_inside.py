"""Shares of the response time by stage: differences of sums that the service keeps."""

from __future__ import annotations

import pandas as pd
import pytest

from rushlab.judge.inside import REST, shares

BEGIN, END = 100.5, 110.5


def frame(**sums: list[tuple[float, float]]) -> pd.DataFrame:
    """A series per name, `stage_…` being the sum of a stage."""
    rows = []
    for name, values in sums.items():
        stage = name.removeprefix("stage_")
        key = ("stage_sum", f'{{"stage": "{stage}"}}') if stage != name else (name, "{}")
        rows += [(*key, at, value) for at, value in values]
    return pd.DataFrame(rows, columns=["name", "labels", "at", "value"])


WHOLE = {
    "request_sum": [(95.0, 900.0), (100.0, 2.0), (105.0, 4.0), (110.0, 6.0), (111.0, 99.0)],
    "request_count": [(100.0, 10.0), (110.0, 50.0)],
    "stage_commit": [(100.0, 1.0), (110.0, 4.0)],
}


def test_what_grew_during_the_run_is_shared_out_and_the_rest_is_told() -> None:
    found = shares(frame(**WHOLE), BEGIN, END)
    assert found is not None
    table = found.set_index("stage")
    assert table.loc["commit"].to_list() == pytest.approx([3.0, 0.75, 75.0])
    assert table.loc[REST].to_list() == pytest.approx([1.0, 0.25, 25.0])


@pytest.mark.parametrize(
    "change",
    [
        {"request_sum": [(105.0, 4.0), (110.0, 6.0)]},
        {"request_sum": [(100.0, 2.0), (105.0, 9.0), (110.0, 6.0)]},
        {"request_count": [(100.0, 10.0), (110.0, 10.0)]},
        {"request_sum": []},
    ],
    ids=["nothing before the run", "restarted", "no request", "no sum"],
)
def test_sums_that_do_not_span_the_run_tell_nothing(change: dict[str, list[tuple[float, float]]]) -> None:
    assert shares(frame(**(WHOLE | change)), BEGIN, END) is None
