"""Where the time went inside the service, and why it is not known."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd

from rushlab.model.series import SeriesFacts
from rushlab.show import tables
from rushlab.show.run_series import RunSeries
from rushlab.show.views import Study


def with_series(study: Study) -> Study:
    """10 requests of 0.1 s each: 60 % in Redis, 30 % in the commit, 10 % elsewhere."""
    grown = {
        ("request_sum", "{}"): 1.0,
        ("request_count", "{}"): 10.0,
        ("stage_sum", json.dumps({"stage": "redis"})): 0.6,
        ("stage_sum", json.dumps({"stage": "commit"})): 0.3,
        ("stage_sum", json.dumps({"stage": "lock"})): 0.0,
    }
    rows = [(*key, at, 5.0 + share) for key, value in grown.items() for at, share in ((100.0, 0.0), (110.0, value))]
    frame = pd.DataFrame(rows, columns=["name", "labels", "at", "value"])
    series = RunSeries(frame, SeriesFacts(begin=95, end=110, clock_offset_s=0.0), 100.5, 110.5)
    view = replace(study.variants["recommended"]["load"], series=series)
    return replace(study, variants={"recommended": {"load": view}})


def test_shares_and_times_add_up_with_the_rest(study: Study) -> None:
    table = tables.inside(with_series(study), "load")
    cells = {row.label: [cell.text for cell in row.cells] for row in table.rows}
    assert cells["the decision in Redis"] == ["60.0 %", "60.0"]
    assert cells["the commit"] == ["30.0 %", "30.0"]
    assert cells["the rest: the event loop's turn, the request itself"] == ["10.0 %", "10.0"]
    assert cells["waiting for the coupon's lock in Redis"] == ["—", "—"]


def test_a_run_without_series_says_so(study: Study) -> None:
    table = tables.inside(study, "load")
    assert {cell.note for row in table.rows for cell in row.cells} == {"no series were collected of this run"}
