"""Questions to Prometheus: in chunks, gaps kept, refusals and silence as reasons."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from tests.world.answering import answering

from rushlab.model.errors import ResultError
from rushlab.model.series import SERIES
from rushlab.world import prometheus

BY_NAME = {series.name: series for series in SERIES}
ONE = [BY_NAME["pool_in_use"]]
#: A begin that is a slot of every step.
T0 = 1_700_000_000.0


def matrix(*lines: tuple[dict[str, str], list[tuple[float, str]]]) -> dict[str, Any]:
    found = [{"metric": labels, "values": values} for labels, values in lines]
    return {"status": "success", "data": {"resultType": "matrix", "result": found}}


def clock(seconds: float) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "scalar", "result": [seconds, str(seconds)]}}


def every_slot(_: str, asked: dict[str, str]) -> tuple[int, Any]:
    """A value in every slot, the slot itself."""
    if asked["query"] == "time()":
        return 200, clock(time.time() + 2.0)
    first, last, step = (float(asked[key]) for key in ("start", "end", "step"))
    slots = [first + place * step for place in range(math.floor((last - first) / step) + 1)]
    assert len(slots) <= 11_000
    return 200, matrix(({}, [(at, str(at)) for at in slots]))


def test_a_long_range_is_asked_for_in_chunks_that_lose_and_repeat_nothing(tmp_path: Path) -> None:
    with answering(every_slot) as url:
        facts = prometheus.collect(url, T0, T0 + 25_000, tmp_path, ONE)
    frame, loaded = prometheus.load(tmp_path)
    assert frame is not None
    values = frame[frame["name"] == "pool_in_use"]
    assert values["at"].to_list() == [T0 + second for second in range(25_001)]
    assert values["value"].to_list() == values["at"].to_list()
    assert loaded == facts
    assert facts.clock_offset_s == pytest.approx(2.0, abs=0.5)


def test_a_gap_has_no_rows_and_a_mean_of_nothing_has_no_number(tmp_path: Path) -> None:
    def answer(_: str, asked: dict[str, str]) -> tuple[int, Any]:
        if asked["query"] == "time()":
            return 200, clock(0.0)
        return 200, matrix(({"instance": "service"}, [(T0, "1"), (T0 + 9, "NaN"), (T0 + 10, "3")]))

    with answering(answer) as url:
        prometheus.collect(url, T0, T0 + 10, tmp_path, ONE)
    frame, _ = prometheus.load(tmp_path)
    assert frame is not None
    found = frame[frame["name"] == "pool_in_use"]
    assert found["at"].to_list() == [T0, T0 + 9, T0 + 10]
    assert math.isnan(found["value"].iloc[1])
    assert json.loads(found["labels"].iloc[0]) == {"instance": "service"}


def test_a_query_that_is_refused_is_missing_with_its_reason_and_the_others_are_there(tmp_path: Path) -> None:
    def answer(path: str, asked: dict[str, str]) -> tuple[int, Any]:
        if "pool_waiting" in asked["query"]:
            return 400, {"status": "error", "errorType": "bad_data", "error": "parse error </script>"}
        return every_slot(path, asked)

    with answering(answer) as url:
        facts = prometheus.collect(url, T0, T0 + 5, tmp_path, [*ONE, BY_NAME["pool_waiting"]])
    assert facts.missing == {"pool_waiting": "Prometheus refuses the query: parse error </script>"}
    frame, _ = prometheus.load(tmp_path)
    assert frame is not None
    assert set(frame["name"]) == {"up", "pool_in_use"}


def test_what_nobody_exports_is_missing(tmp_path: Path) -> None:
    def answer(_: str, asked: dict[str, str]) -> tuple[int, Any]:
        return 200, clock(0.0) if asked["query"] == "time()" else matrix()

    with answering(answer) as url:
        facts = prometheus.collect(url, T0, T0 + 5, tmp_path, ONE)
    assert facts.missing["pool_in_use"] == "nothing exported it, or too few scrapes"


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (200, b"<html>not Prometheus</html>", "none of its answers"),
        (200, {"status": "success", "data": {"result": {"surprise": 1}}}, "none of its answers"),
        (502, b"bad gateway", "none of its answers"),
    ],
)
def test_something_else_in_its_place_is_a_reason(tmp_path: Path, status: int, content: Any, told: str) -> None:
    with answering(lambda path, asked: (status, content)) as url:
        facts = prometheus.collect(url, T0, T0 + 5, tmp_path, ONE)
    assert facts.reason is not None
    assert told in facts.reason
    assert prometheus.load(tmp_path) == (None, facts)


def test_prometheus_away_is_a_reason_and_no_error(tmp_path: Path) -> None:
    facts = prometheus.collect("http://127.0.0.1:1", T0, T0 + 5, tmp_path)
    assert facts.reason is not None
    assert "no connection" in facts.reason


def test_a_run_without_series_has_neither_and_a_damaged_file_is_said(tmp_path: Path) -> None:
    assert prometheus.load(tmp_path) == (None, None)
    with answering(every_slot) as url:
        prometheus.collect(url, T0, T0 + 5, tmp_path, ONE)
    (tmp_path / prometheus.FRAME).write_bytes(b"PAR1 not really")
    with pytest.raises(ResultError, match=r"series\.parquet is damaged"):
        prometheus.load(tmp_path)


def test_more_lines_than_any_series_can_have_are_refused(tmp_path: Path) -> None:
    def answer(_: str, asked: dict[str, str]) -> tuple[int, Any]:
        lines = [({"partition": str(number)}, [(T0, "1")]) for number in range(prometheus.MOST_LINES + 1)]
        return 200, clock(0.0) if asked["query"] == "time()" else matrix(*lines)

    with answering(answer) as url:
        facts = prometheus.collect(url, T0, T0 + 5, tmp_path, ONE)
    assert facts.missing["pool_in_use"] == f"more than {prometheus.MOST_LINES} lines under this name"


def test_every_series_is_named_once_and_reads_a_metric() -> None:
    assert len(BY_NAME) == len(SERIES)
    assert all(series.metrics for series in SERIES)
    assert all("$" not in series.promql for series in SERIES)
