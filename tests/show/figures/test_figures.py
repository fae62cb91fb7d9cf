import dataclasses
import json
from collections.abc import Callable

import msgspec
import numpy as np
import pandas as pd
import pytest

from rushlab.model.run import Fault
from rushlab.model.verdict import Validity, Verdict
from rushlab.show import figures, sections
from rushlab.show.figures.chart import MIME, POINTS
from rushlab.show.figures.glance import HOLLOW
from rushlab.show.figures.over_time import binned
from rushlab.show.views import RunView, Study


@pytest.fixture
def view(study: Study) -> RunView:
    return study.variants["report"]["load"]


def test_a_chart_shows_itself_as_data_and_as_html_that_loads_nothing(view: RunView) -> None:
    bundle = figures.timeline(view)._repr_mimebundle_()
    assert sorted(bundle) == [MIME, "text/html", "text/plain"]
    assert len(json.dumps(bundle)) < 60_000
    assert "://" not in bundle["text/html"]
    assert bundle["text/plain"].startswith("load · report over time: up to 1,000 virtual users")


def test_a_timeline_has_one_time_axis_and_a_unit_on_every_axis(view: RunView) -> None:
    chart = figures.timeline(view)
    assert {trace.xaxis for trace in chart.data} == {None}
    assert {trace.yaxis for trace in chart.data} == {"y", "y2", "y3"}
    titles = [chart.layout[name].title.text for name in ("xaxis", "yaxis", "yaxis2", "yaxis3")]
    assert titles == ["seconds since the start", "VUs", "ms (log)", "per second"]
    assert chart.layout.yaxis2.type == "log"


def test_every_percentile_has_its_own_dash_or_colour(view: RunView) -> None:
    lines = [(trace.line.dash, trace.line.color) for trace in figures.timeline(view).data if trace.yaxis == "y2"]
    assert len(set(lines)) == 4


def test_gaps_stay_gaps(view: RunView) -> None:
    assert view.timeline is not None
    frame = view.timeline.copy()
    frame.loc[3, ["p50_ms", "p90_ms", "p95_ms", "max_ms"]] = np.nan
    chart = figures.timeline(dataclasses.replace(view, timeline=frame))
    line = next(trace for trace in chart.data if trace.name == "p95")
    assert line.y[3] is None
    assert line.connectgaps is False


def test_variants_share_their_scales(study: Study) -> None:
    slow, fast = figures.timelines(study, "load")
    assert slow.layout.yaxis2.range == fast.layout.yaxis2.range
    assert slow.layout.yaxis3.range == fast.layout.yaxis3.range


def test_a_long_run_is_binned_by_its_worst_second() -> None:
    seconds = 5000
    frame = pd.DataFrame({"second": range(seconds), "vus": 1, "requests": 10.0, "failed": 0.0})
    for name in ("p50_ms", "p90_ms", "p95_ms", "max_ms"):
        frame[name] = 1.0
    frame.loc[4, "p95_ms"] = 700.0
    short, step = binned(frame)
    assert (len(short) <= POINTS, step) == (True, 3)
    assert short["p95_ms"].iloc[1] == 700.0
    assert short["requests"].iloc[1] == 10.0


def test_a_run_without_a_timeline_is_refused_and_left_out(study: Study, view: RunView) -> None:
    empty = dataclasses.replace(view, timeline=None)
    with pytest.raises(ValueError, match="has no timeline"):
        figures.timeline(empty)
    study.variants["report"]["load"] = empty
    assert len(figures.timelines(study, "load")) == 1


def test_the_overview_leaves_out_what_supports_no_claim(study: Study) -> None:
    p95, share = figures.overview(study)
    ours = next(trace for trace in p95.data if trace.name == "ours: recommended")
    assert list(ours.y) == ["load", "stress-100", "stress-500", "peak-1500", "peak-2000"]  # smoke: too few requests
    assert ours.x[0] == 143
    original = next(trace for trace in share.data if trace.name == "original report")
    assert original.x[0] == pytest.approx(100 * 58788 / 90460, rel=1e-3)


def test_the_dashed_line_is_the_limit_on_the_p95_whatever_else_has_a_limit(study: Study, view: RunView) -> None:
    limits = {"http_req_duration": ["p(99)<3000", "p(95)<1000"]}
    profile = msgspec.structs.replace(view.run.profile, thresholds=limits)
    foreign = dataclasses.replace(view, run=msgspec.structs.replace(view.run, profile=profile))
    alone = dataclasses.replace(study, variants={"report": {"load": foreign}})
    p95, _ = figures.overview(alone)
    assert [shape.x0 for shape in p95.layout.shapes] == [1000]
    assert "Dashed line: the threshold, 1,000 ms." in p95.layout.meta["caption"]
    for chart in (figures.timeline(foreign), figures.course(foreign)):
        assert chart is not None
        assert 1000 in [shape.y0 for shape in chart.layout.shapes]
        assert "the threshold, 1,000 ms" in chart.layout.meta["caption"]


def test_a_run_without_known_users_is_drawn_all_the_same(view: RunView) -> None:
    assert view.timeline is not None
    bare = dataclasses.replace(view, timeline=view.timeline.assign(vus=float("nan")))
    assert "up to 0 virtual users" in figures.timeline(bare).description


def test_a_distribution_has_a_curve_per_variant_and_a_line_per_percentile(study: Study) -> None:
    chart = figures.distribution(study, "load")
    assert chart is not None
    assert [trace.name for trace in chart.data] == ["ours: report", "ours: recommended"]
    assert chart.layout.xaxis.type == "log"
    ticks = dict(zip(chart.layout.yaxis.ticktext, chart.layout.yaxis.tickvals, strict=True))
    assert list(ticks) == ["0 %", "50 %", "90 %", "95 %", "99 %"]
    assert (ticks["0 %"], ticks["90 %"], ticks["99 %"]) == pytest.approx((0, 1, 2))
    slow = chart.data[0]
    place = list(slow.customdata).index("95")
    assert slow.y[place] == pytest.approx(ticks["95 %"], rel=1e-3)
    assert slow.x[place] == pytest.approx(1912, rel=1e-3)
    assert "half within 761 ms" in chart.description


def test_a_distribution_ends_where_fewer_than_ten_requests_are_slower(study: Study) -> None:
    chart = figures.distribution(study, "load")
    assert chart is not None
    ends = [float(trace.customdata[-1]) for trace in chart.data]
    assert ends[0] <= 100 * (1 - 10 / 3920)
    assert ends[1] <= 100 * (1 - 10 / 9410)
    assert ends[0] > 99.5


def test_a_threshold_is_a_corner_in_the_distribution(study: Study) -> None:
    chart = figures.distribution(study, "load")
    assert chart is not None
    upright, across = chart.layout.shapes
    assert (upright.x0, upright.x1) == (1000, 1000)
    assert across.y0 == pytest.approx(1.30103, rel=1e-4)
    assert "p95 below 1,000 ms" in chart.layout.meta["caption"]


def test_no_distribution_of_a_few_requests_or_of_none(study: Study) -> None:
    assert figures.distribution(study, "smoke") is None
    for views in study.variants.values():
        views["load"] = dataclasses.replace(views["load"], distribution=None)
    assert figures.distribution(study, "load") is None
    assert repr(sections.spread(study, "load").items[0]) == sections.TOO_FEW


def test_a_timeline_marks_the_onset_of_trouble(view: RunView) -> None:
    assert view.timeline is not None
    slow = view.timeline.assign(p95_ms=[5.0, 1500.0, 1600.0, 1700.0] + [5.0] * (len(view.timeline) - 4))
    chart = figures.timeline(dataclasses.replace(view, timeline=slow))
    assert [shape.x0 for shape in chart.layout.shapes if shape.yref == "paper"] == [1]
    assert "onset of trouble, second 1 (" in chart.layout.meta["caption"]
    calm = figures.timeline(dataclasses.replace(view, timeline=slow.assign(p95_ms=5.0)))
    assert [shape.yref for shape in calm.layout.shapes] == ["y2"]
    assert "onset" not in calm.layout.meta["caption"]


def broken_on_purpose(view: RunView) -> RunView:
    started = view.run.timing.started or 0.0
    faults = (
        Fault(what="poison", process="topic", start=started + 8, end=started + 8, count=3),
        Fault(what="kill", process="redis", start=started + 3, end=started + 3.9),
        Fault(what="slow", process="mariadb", start=started + 5, end=None, share=0.8),
    )
    return dataclasses.replace(view, run=msgspec.structs.replace(view.run, faults=faults))


def test_what_was_broken_on_purpose_is_shaded_where_and_as_long_as_it_was(view: RunView) -> None:
    assert view.timeline is not None
    broken = broken_on_purpose(view)
    chart = figures.timeline(broken)
    bands = [(shape.x0, shape.x1) for shape in chart.layout.shapes if shape.type == "rect"]
    end = float(view.timeline["second"].max()) + 1
    assert bands == [(3, pytest.approx(3.9)), (5, end), (8, pytest.approx(8.3))]
    told = chart.layout.meta["caption"]
    assert "redis killed and started again from 3.0 to 3.9 s; mariadb slowed (stopped 80 % of the time)" in told
    assert "3 poisonous messages at 8.0 s" in told
    course = figures.course(broken)
    assert course is not None
    assert [shape.x0 for shape in course.layout.shapes if shape.type == "rect"] == [3, 5, 8]
    assert "Shaded" not in figures.timeline(view).layout.meta["caption"]


def test_the_overview_marks_doubtful_runs_as_hollow_and_says_so(study: Study, exchange: Callable[..., Study]) -> None:
    doubtful = exchange(study, "report", "load", verdict=Verdict(validity=Validity.UNKNOWN, checks=(), reason="no k6"))
    for chart in figures.overview(doubtful):
        traces = {trace.name: trace for trace in chart.data}
        symbols = dict(zip(traces["ours: report"].y, traces["ours: report"].marker.symbol, strict=True))
        assert symbols["load"] == "circle-open"
        assert {symbols[name] for name in symbols if name != "load"} == {"circle"}
        assert "no k6" in traces["ours: report"].customdata[0] + traces["ours: report"].customdata[1]
        assert set(traces["ours: recommended"].marker.symbol) == {"square"}
        assert HOLLOW in traces
        assert chart.description.count("(doubtful)") == 1


def test_the_overview_of_runs_without_doubt_has_no_hollow_mark(study: Study) -> None:
    for chart in figures.overview(study):
        assert HOLLOW not in [trace.name for trace in chart.data]
        assert "doubtful" not in chart.description


@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_text_is_read_on_the_light_and_the_dark_ground_of_a_notebook(view: RunView, ground: str) -> None:
    def luminance(colour: str) -> float:
        # WCAG 2.1, relative luminance of sRGB
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(ground), luminance(figures.timeline(view).layout.font.color)))
    assert (high + 0.05) / (low + 0.05) >= 4
