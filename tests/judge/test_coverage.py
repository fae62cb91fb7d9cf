"""V7: the share of scrape slots that are there, per series; targets down; clocks apart."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from rushlab.judge.coverage import coverages, series_covered
from rushlab.model.series import SERIES, SeriesFacts
from rushlab.model.verdict import Check, Status

T0 = 1_795_000_000.0
END = T0 + 100
Row = tuple[str, str, float, float]


def rows(up: float = 1.0) -> list[Row]:
    """Every series in every slot of 100 s, and one target."""
    found = [
        (one.name, json.dumps(dict.fromkeys(one.by, "a")), T0 + second, 1.0)
        for one in SERIES
        for second in range(0, 101, int(one.every_s))
    ]
    return [*found, ("up", '{"instance": "relay"}', T0 + 50, up)]


def frame(kept: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(kept, columns=["name", "labels", "at", "value"])


def judged(kept: list[Row], offset: float | None = 0.01, **missing: str) -> Check:
    facts = SeriesFacts(begin=T0, end=END, clock_offset_s=offset, missing=missing)
    return series_covered(frame(kept), facts, T0, END)


def test_whole_series_pass_and_a_value_that_is_no_number_counts_as_scraped() -> None:
    kept = [(name, labels, at, float("nan") if name == "latency_mean" else value) for name, labels, at, value in rows()]
    found = judged(kept)
    assert found.status is Status.PASS, found
    assert found.value.startswith(f"{len(SERIES)} of {len(SERIES)} series, 0 targets down")


def test_a_process_of_the_run_before_that_was_looked_for_last_just_before_the_load_is_not_down() -> None:
    former = [("up", '{"instance": "consumer-3"}', T0 + 1.0, 0.0)]  # it tells of the scrape 1.5 s before at the latest
    assert judged(rows() + former).status is Status.PASS
    assert judged([*rows(), ("up", '{"instance": "consumer-3"}', T0 + 2.0, 0.0)]).status is Status.FAIL


@pytest.mark.parametrize(("gap", "status"), [(6, Status.PASS), (7, Status.FAIL)])
def test_one_slot_in_twenty_may_be_missing(gap: int, status: Status) -> None:
    found = judged([row for row in rows() if not (row[0] == "outbox" and T0 + 40 <= row[2] < T0 + 40 + gap)])
    assert found.status is status
    assert ("outbox (94% of its scrapes are there)" in found.evidence) is (status is Status.FAIL)


@pytest.mark.parametrize("phase", [0.0, 0.5, 2.0, 4.9])
def test_where_in_the_window_the_scrapes_fall_does_not_count(phase: float) -> None:
    begin, end = T0, T0 + 45.5  # nine or ten scrapes of every five seconds
    found = [("commits", "{}", T0 + phase + second, 1.0) for second in range(0, 60, 5)]
    assert coverages(frame(found), {}, begin, end)["commits"].reason == ""
    lost = [row for row in found if not T0 + 20 <= row[2] < T0 + 30]
    assert coverages(frame(lost), {}, begin, end)["commits"].reason != ""


def test_what_nobody_exports_is_named_with_its_reason() -> None:
    found = judged([row for row in rows() if row[0] != "commits"], commits="no process exported it")
    assert (found.status, "commits (no process exported it)" in found.evidence) == (Status.FAIL, True)


def test_a_target_that_was_down_once_is_named() -> None:
    found = judged(rows(up=0.0))
    assert (found.status, "down: relay" in found.evidence) == (Status.FAIL, True)


@pytest.mark.parametrize(("offset", "said"), [(2.5, "+2.5 s off"), (-2.5, "-2.5 s off"), (None, "was not compared")])
def test_clocks_apart_are_no_common_time_axis(offset: float | None, said: str) -> None:
    found = judged(rows(), offset)
    assert (found.status, said in found.evidence) == (Status.FAIL, True)


def test_a_series_per_instance_is_as_covered_as_the_worst_of_them() -> None:
    more = [("cpu_consumer", '{"instance": "consumer-1"}', T0 + second, 1.0) for second in range(50)]
    found = coverages(frame([*rows(), *more]), {}, T0, END)
    assert found["cpu_consumer"].share == pytest.approx(0.5)
    assert found["cpu_relay"].reason == ""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [(None, "no series were collected"), (SeriesFacts(begin=T0, end=END, reason="Prometheus is away"), "is away")],
)
def test_without_series_it_is_unknown(facts: SeriesFacts | None, reason: str) -> None:
    found = series_covered(None, facts, T0, END)
    assert (found.status, reason in found.evidence) == (Status.UNKNOWN, True)


@pytest.mark.parametrize(("offset", "said"), [(-0.0003, "+0 ms"), (0.0004, "+0 ms"), (-0.0012, "-1 ms")])
def test_a_clock_that_is_hardly_off_is_not_off_by_minus_nothing(offset: float, said: str) -> None:
    assert judged(rows(), offset).value.endswith(f"clocks {said}")
