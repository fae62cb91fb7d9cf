"""The figures are k6's own: its percentile, its sums, its sub-metrics, its last value of a gauge."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushlab.model.errors import PointsError, ResultError
from rushlab.world import points_figures, points_sql
from rushlab.world.points import disagreements, figures, ingest
from rushlab.world.summary import Summary

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/ingest.schema.json").read_text())


def metric(name, kind, submetrics=None):
    data = {"name": name, "type": kind, "contains": "default", "thresholds": [], "submetrics": submetrics}
    return json.dumps({"type": "Metric", "data": data, "metric": name})


def point(name, value, second=0, tags=None):
    data = {"time": f"2026-11-24T10:00:{second:02d}Z", "value": value, "tags": tags or {}}
    return json.dumps({"metric": name, "type": "Point", "data": data})


def submetric(name, /, **tags):
    label = ",".join(f"{key}:{value}" for key, value in tags.items())
    return {"name": f"{name}{{{label}}}", "suffix": label, "tags": tags}


def figures_of(folder, *lines, summary=None):
    (folder / "points.json").write_text("".join(line + "\n" for line in lines))
    ingest(folder / "points.json", folder / "points.parquet")
    found = figures(folder / "points.parquet", summary)
    jsonschema.validate(found, SCHEMA)
    return found


def summary_of(duration_ms=None, **metrics):
    return Summary(metrics=metrics, thresholds={}, test_run_duration_ms=duration_ms)


def k6_percentile(values, share):
    """TrendSink.P of k6 1.1 (metrics/sink.go), written down again."""
    ordered = sorted(values)
    if len(ordered) == 1:
        return ordered[0]
    place = share * (len(ordered) - 1.0)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


VALUES = st.lists(
    st.one_of(st.floats(0, 1e6), st.floats(0, 1), st.sampled_from([0.0, 1.5, 2.25])), min_size=1, max_size=300
)


@pytest.mark.parametrize("in_memory", [points_sql.MAX_SELECTED, 0], ids=["selected", "sorted"])
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES)
def test_trend_is_k6s_to_the_last_bit(tmp_path, monkeypatch, in_memory, values):
    """Law: for any values, percentiles, min and max are exactly k6's; the mean within 1e-9."""
    monkeypatch.setattr(points_sql, "MAX_SELECTED", in_memory)
    found = figures_of(tmp_path, metric("waiting", "trend"), *(point("waiting", value) for value in values))
    trend = found["metrics"]["waiting"]
    assert trend["count"] == len(values)
    assert (trend["min"], trend["max"]) == (min(values), max(values))
    assert trend["avg"] == pytest.approx(math.fsum(values) / len(values), rel=1e-9)
    for name, share in (("med", 0.5), ("p(90)", 0.9), ("p(95)", 0.95)):
        assert trend[name] == k6_percentile(values, share)


def test_counter_has_its_sum_and_k6s_rate(tmp_path):
    lines = [metric("sent", "counter"), *(point("sent", 0.1, second) for second in range(11))]
    found = figures_of(tmp_path, *lines, summary=summary_of(duration_ms=22_000))
    assert found["metrics"]["sent"] == {
        "count": pytest.approx(1.1),
        "rate": pytest.approx(0.05),
        "rate_source": "summary",
    }


def test_rate_of_a_counter_without_summary_is_over_the_points_span_and_says_so(tmp_path):
    lines = [metric("sent", "counter"), *(point("sent", 2, second) for second in range(11))]
    assert figures_of(tmp_path, *lines)["metrics"]["sent"] == {"count": 22, "rate": 2.2, "rate_source": "points span"}


def test_points_without_a_span_have_no_rate_and_a_reason(tmp_path):
    found = figures_of(tmp_path, metric("sent", "counter"), point("sent", 1))
    assert found["metrics"]["sent"]["rate"] is None
    assert "span no time" in found["warnings"][0]


def test_sum_beyond_a_double_is_null_with_a_reason(tmp_path):
    found = figures_of(tmp_path, metric("big", "trend"), point("big", 1.7e308), point("big", 1.7e308))
    assert found["metrics"]["big"]["avg"] is None
    assert found["warnings"] == ["big avg is beyond the range of a double"]


def test_rate_counts_what_is_not_zero(tmp_path):
    lines = [metric("checks", "rate"), *(point("checks", value) for value in (1, 0, 1, 1))]
    assert figures_of(tmp_path, *lines)["metrics"]["checks"] == {"rate": 0.75, "passes": 3, "fails": 1}


def test_gauge_is_the_last_line_not_the_latest_time(tmp_path):
    """k6 keeps the sample it took in last; two virtual users may hand theirs in out of order."""
    lines = [metric("vus", "gauge"), point("vus", 5, 1), point("vus", 9, 7), point("vus", 3, 4)]
    assert figures_of(tmp_path, *lines)["metrics"]["vus"] == {"value": 3, "min": 3, "max": 9}


def test_submetric_takes_points_with_all_of_its_tags(tmp_path):
    subs = [submetric("t", status="200"), submetric("t", status="200", name="a/b~c")]
    lines = [
        metric("t", "trend", subs),
        point("t", 1, tags={"status": "200", "name": "a/b~c", "more": "x"}),
        point("t", 2, tags={"status": "200", "name": "a"}),
        point("t", 4, tags={"status": "404", "name": "a/b~c"}),
        point("t", 8),
    ]
    found = figures_of(tmp_path, *lines)["metrics"]
    assert found["t"]["count"] == 4
    assert (found["t{status:200}"]["count"], found["t{status:200}"]["max"]) == (2, 2)
    assert (found["t{status:200,name:a/b~c}"]["count"], found["t{status:200,name:a/b~c}"]["max"]) == (1, 1)


def test_trends_of_one_count_keep_their_own_percentiles(tmp_path, monkeypatch):
    """They are asked for together, as many as memory holds."""
    names = [f"t{n}" for n in range(5)]
    lines = [metric(name, "trend") for name in names]
    lines += [point(name, 10 * n + value) for n, name in enumerate(names) for value in (1, 2, 3)]
    for most in (points_sql.MAX_SELECTED, 7, 3, 0):
        monkeypatch.setattr(points_sql, "MAX_SELECTED", most)
        (tmp_path / str(most)).mkdir()
        found = figures_of(tmp_path / str(most), *lines)["metrics"]
        assert [found[name]["med"] for name in names] == [2, 12, 22, 32, 42]
        assert [found[name]["p(90)"] for name in names] == pytest.approx([2.8, 12.8, 22.8, 32.8, 42.8])


@pytest.mark.parametrize("kind", ["trend", "counter", "rate", "gauge"])
def test_submetric_without_points_has_k6s_zeros_and_a_warning(tmp_path, kind):
    found = figures_of(tmp_path, metric("mm", kind, [submetric("mm", x="1")]), point("mm", 1), point("mm", 1, 9))
    values = found["metrics"]["mm{x:1}"]
    assert {value for value in values.values() if not isinstance(value, str)} == {0}
    assert any("mm{x:1} has no points" in warning for warning in found["warnings"])


def test_k6s_own_submetric_is_left_out_when_empty_as_k6_does(tmp_path):
    subs = [submetric("http_req_duration", expected_response="true")]
    found = figures_of(tmp_path, metric("http_req_duration", "trend", subs), point("http_req_duration", 1))
    assert list(found["metrics"]) == ["http_req_duration"]


def test_metric_without_its_line_is_left_out_and_named(tmp_path):
    found = figures_of(tmp_path, point("mystery", 1), metric("sent", "counter"), point("sent", 1, 3))
    assert list(found["metrics"]) == ["sent"]
    assert "mystery has no Metric line" in found["warnings"][0]
    assert (found["lines"], found["points"]) == (3, 2)


def test_more_metrics_than_any_test_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(points_figures, "MAX_METRICS", 2)
    with pytest.raises(PointsError, match="more than 2 metrics"):
        figures_of(tmp_path, *(line for n in "abc" for line in (metric(f"m{n}", "rate"), point(f"m{n}", 1))))


def test_names_are_counted_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(points_figures, "MAX_METRICS", 2)
    monkeypatch.setattr(points_sql.Points, "totals", lambda points: pytest.fail("a million rows were fetched"))
    with pytest.raises(PointsError, match="more than 2 metrics"):
        figures_of(tmp_path, *(point(f"m{n}", 1) for n in "abc"))


def test_what_the_database_refuses_is_told_in_words(tmp_path):
    figures_of(tmp_path, metric("m", "rate"), point("m", 1))
    with (
        pytest.raises(PointsError, match=r"cannot be read: .*too much"),
        points_sql.opened(tmp_path / "points.parquet") as points,
    ):
        points.rows("SELECT error('too much')")


def test_a_declaration_that_is_not_k6s_is_told_in_words(tmp_path):
    """A points file that another version wrote; ingest itself refuses such a line."""
    figures_of(tmp_path, metric("m", "rate"), point("m", 1))
    parquet = tmp_path / "points.parquet"
    bad = """'{"name": "m", "type": "rate", "submetrics": "x"}'"""
    column = f"CASE WHEN declaration IS NULL THEN NULL ELSE {bad} END AS declaration"
    with points_sql.connection() as con:
        con.execute(f"CREATE TABLE t AS SELECT * REPLACE ({column}) FROM '{parquet}'")
        notes = """{rushlab: '{"schema": 1}'}"""
        con.execute(f"COPY t TO '{parquet}' (FORMAT parquet, KV_METADATA {notes})")
    with pytest.raises(PointsError, match="a Metric line that is not k6's"):
        figures(parquet)


def test_summary_of_another_run_is_warned_of(tmp_path):
    lines = [metric("http_reqs", "counter"), point("http_reqs", 1), point("http_reqs", 1, 5)]
    found = figures_of(tmp_path, *lines, summary=summary_of(5000, http_reqs={"count": 3, "rate": 1}))
    assert any("counts 3 http_reqs, the points 2" in warning for warning in found["warnings"])


def test_disagreements_name_metric_and_both_values(tmp_path):
    lines = [metric("http_reqs", "counter"), point("http_reqs", 1), point("http_reqs", 1, 5)]
    same = summary_of(5000, http_reqs={"count": 2, "rate": 0.4})
    other = summary_of(5000, http_reqs={"count": 3, "rate": 0.6}, lost={"count": 1}, unused={"count": 0})
    assert disagreements(figures_of(tmp_path, *lines, summary=same), same) == []
    found = disagreements(figures_of(tmp_path, *lines, summary=other), other)
    assert "http_reqs count: 2 in the points, 3 in the summary" in found
    assert "lost is in the summary, not in the points" in found
    assert not any("unused" in sentence for sentence in found)


@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"not parquet at all"])
def test_what_is_no_points_file_is_told(tmp_path, content):
    path = tmp_path / "points.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResultError):
        figures(path)


def test_parquet_of_someone_else_is_told(tmp_path):
    with points_sql.connection() as con:
        con.execute(f"COPY (SELECT 1 AS x) TO '{tmp_path / 'other.parquet'}'")
    with pytest.raises(ResultError, match="not a points file"):
        figures(tmp_path / "other.parquet")


def test_metric_of_two_kinds_is_left_out_and_named_whichever_came_first(tmp_path):
    one, other = metric("twofold", "trend"), metric("twofold", "counter")
    for kinds in ((one, other), (other, one)):
        found = figures_of(tmp_path, *kinds, point("twofold", 1), metric("sent", "counter"), point("sent", 1, 3))
        assert list(found["metrics"]) == ["sent"]
        assert found["warnings"] == ["twofold is declared as counter and as trend, so its kind is not known: left out"]


def test_metric_that_is_declared_twice_alike_keeps_its_kind(tmp_path):
    again = metric("sent", "counter", [submetric("sent", way="up")])
    found = figures_of(tmp_path, metric("sent", "counter"), again, point("sent", 1, tags={"way": "up"}))
    assert list(found["metrics"]) == ["sent", "sent{way:up}"]
