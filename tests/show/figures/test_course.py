"""One run's course: panels on one time axis, gaps kept, and "no data" with its reason where a series is not covered."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest

from rushlab.model.series import PANELS, SERIES, SeriesFacts
from rushlab.show import figures, sections
from rushlab.show.figures.chart import POINTS
from rushlab.show.run_series import RunSeries
from rushlab.show.table import Table
from rushlab.show.views import RunView, Study

BEGIN = 1_795_000_000.0
SECONDS = 20


def collected(*, without: str = "", gap: range = range(0), missing: dict[str, str] | None = None) -> RunSeries:
    """Every series, 7 in every slot but those of the gap; `without` is left out."""
    labels = {"outcome": "issued", "stage": "redis", "partition": "3", "process": "kafka", "instance": "service"}
    rows = [
        (one.name, json.dumps({key: labels[key] for key in one.by}), BEGIN + second, 7.0)
        for one in SERIES
        for second in range(0, SECONDS + 1, int(one.every_s))
        if one.name != without and second not in gap
    ]
    frame = pd.DataFrame(rows, columns=["name", "labels", "at", "value"])
    facts = SeriesFacts(begin=BEGIN, end=BEGIN + SECONDS, clock_offset_s=0.0, missing=missing or {})
    return RunSeries(frame, facts, BEGIN, BEGIN + SECONDS)


@pytest.fixture
def view(study: Study) -> RunView:
    return replace(study.variants["report"]["load"], series=collected())


def test_every_drawn_panel_is_there_with_its_unit_on_one_time_axis(view: RunView) -> None:
    chart = figures.course(view)
    assert chart is not None
    drawn = [panel for panel in PANELS.values() if panel.drawn]
    axes = [chart.layout[f"yaxis{place or ''}"].title.text for place in ("", *range(2, 4 + len(drawn)))]
    assert axes[3:] == [f"{one.unit} (log)" if one.logarithmic else one.unit for one in drawn]
    assert {trace.xaxis for trace in chart.data} == {None}
    assert chart.layout.xaxis.spikemode == "across"
    assert {trace.name for trace in chart.data} >= {"virtual users", "p95", "issued", "lag 3", "kafka"}


def test_domains_follow_one_another_without_overlap(view: RunView) -> None:
    chart = figures.course(view)
    assert chart is not None
    axes = [key for key in chart.layout.to_plotly_json() if key.startswith("yaxis")]
    domains = sorted(chart.layout[key].domain for key in axes)
    assert domains[0][0] == pytest.approx(0.0)
    assert all(below[1] < above[0] for below, above in pairwise(domains))


def test_a_series_that_nobody_exported_is_no_data_with_its_reason(view: RunView) -> None:
    series = collected(without="redis_commands", missing={"redis_commands": "no process exported it"})
    chart = figures.course(replace(view, series=series))
    assert chart is not None
    assert "no data: commands: no process exported it" in [note.text for note in chart.layout.annotations]
    assert "No data: Redis: commands: no process exported it." in chart.layout.meta["caption"]


def test_a_gap_is_not_joined_and_not_zero(view: RunView) -> None:
    chart = figures.course(replace(view, series=collected(gap=range(7, 8))))
    assert chart is not None
    line = next(trace for trace in chart.data if trace.name == "outbox")
    assert line.y[6:9] == (7.0, None, 7.0)
    assert line.connectgaps is False


def test_a_series_with_too_many_gaps_is_not_drawn(view: RunView) -> None:
    chart = figures.course(replace(view, series=collected(gap=range(4, 9))))
    assert chart is not None
    assert "outbox" not in {trace.name for trace in chart.data}
    assert "outbox: 80% of its scrapes are there" in chart.layout.meta["caption"]


def test_an_older_run_has_what_its_points_tell_and_says_why_there_is_no_more(study: Study) -> None:
    older = study.variants["report"]["load"]
    chart = figures.course(older)
    assert chart is not None
    assert {trace.yaxis for trace in chart.data} == {"y", "y2", "y3"}
    chart, remark = sections.course(older)
    assert repr(remark) == "No data of the servers: no series were collected of this run."
    away = SeriesFacts(begin=0, end=1, reason="Prometheus does not answer: <b>no connection</b>")
    _, remark = sections.course(replace(older, series=RunSeries(None, away, 0, 1)))
    assert "&lt;b&gt;no connection" in remark._repr_html_()


def test_answers_are_drawn_by_outcome_and_a_second_without_one_has_none(view: RunView) -> None:
    answers = pd.DataFrame({"second": [0, 2], "outcome": ["issued", "sold_out"], "requests": [5, 9]})
    chart = figures.course(replace(view, answers=answers))
    assert chart is not None
    lines = {trace.name: trace.y for trace in chart.data if trace.yaxis == "y3"}
    assert lines["issued"][:3] == (5.0, 0.0, 0.0)
    assert lines["sold out"][:3] == (0.0, 0.0, 9.0)


def test_long_series_are_binned(view: RunView) -> None:
    seconds = 3 * POINTS
    rows = [("outbox", "{}", BEGIN + second, float(second)) for second in range(seconds)]
    frame = pd.DataFrame(rows, columns=["name", "labels", "at", "value"])
    facts = SeriesFacts(begin=BEGIN, end=BEGIN + seconds, clock_offset_s=0.0)
    chart = figures.course(replace(view, series=RunSeries(frame, facts, BEGIN, BEGIN + seconds - 1)))
    assert chart is not None
    line = next(trace for trace in chart.data if trace.name == "outbox")
    assert (len(line.x), line.y[0]) == (POINTS, 2.0)  # the worst of its bin


def test_a_reports_profile_has_the_stages_of_the_service_where_they_were_kept(study: Study, view: RunView) -> None:
    def headings() -> list[str]:
        return [part.caption for part in sections.profiles(study, "load") if isinstance(part, Table)]

    assert "load: where the time went inside the service" not in headings()
    study.variants["report"]["load"] = view
    assert "load: where the time went inside the service" in headings()


def test_a_rate_stands_in_the_middle_of_its_window_and_a_value_alone_is_a_dot(view: RunView) -> None:
    chart = figures.course(replace(view, series=collected()))
    assert chart is not None
    lines = {trace.name: trace for trace in chart.data}
    assert (lines["outbox"].x[0], lines["published"].x[0]) == (0.0, -1.25)
    assert lines["outbox"].mode == "lines"
    short = collected()
    assert short.frame is not None
    brief = RunSeries(short.frame, short.facts, BEGIN + 4, BEGIN + 6)
    chart = figures.course(replace(view, series=brief))
    assert chart is not None
    dot = next(trace for trace in chart.data if trace.name == "threads running")
    assert (len(dot.x), dot.mode) == (1, "lines+markers")
    notes = [note.text for note in chart.layout.annotations]
    assert sum(note.startswith("no data: too short a run") for note in notes) == 3
