"""The frames that judgements start from, taken from literal lines."""

import gzip
import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest

from rushlab.world import points as points_module
from rushlab.world import points_sql
from rushlab.world.points import (
    attempts,
    distribution,
    durations,
    figures,
    ingest,
    populations,
    stages,
    timeline,
    vus,
)
from rushlab.world.points_sql import connection

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC).timestamp()
KINDS = {
    "http_reqs": "counter",
    "http_req_duration": "trend",
    "http_req_blocked": "trend",
    "http_req_connecting": "trend",
    "http_req_failed": "rate",
    "iteration_duration": "trend",
    "vus": "gauge",
}


def declaration(name, kind):
    return json.dumps({"type": "Metric", "data": {"name": name, "type": kind}, "metric": name})


def point(name, value, second, tags=None, user=None):
    whole, micro = divmod(round(second * 1e6), 1_000_000)
    data = {"time": f"2026-11-24T10:00:{whole:02d}.{micro:06d}Z", "value": value, "tags": tags}
    if user is not None:
        data["metadata"] = {"user": str(user)}
    return json.dumps({"metric": name, "type": "Point", "data": data})


def request(end, status, user, duration_ms=0.0, blocked_ms=0.0, name="issue"):
    """The points k6 writes for one request, in its order."""
    tags = {"name": name, "status": str(status), "method": "POST"}
    values = {
        "http_reqs": 1,
        "http_req_duration": duration_ms,
        "http_req_blocked": blocked_ms,
        "http_req_connecting": blocked_ms / 2,
        "http_req_failed": int(status not in (201, 409, 410)),
    }
    return [point(metric, value, end, tags, user) for metric, value in values.items()]


@pytest.fixture
def ingested(tmp_path):
    def ingest_lines(*lines):
        source, target = tmp_path / "points.json", tmp_path / "points.parquet"
        declared = [declaration(name, kind) for name, kind in KINDS.items()]
        source.write_text("\n".join([*declared, *lines]) + "\n")
        ingest(source, target)
        return target

    return ingest_lines


def test_attempt_starts_before_its_connection_was_there(ingested):
    """`blocked` already holds connecting: adding it again would start the request too early."""
    parquet = ingested(*request(2.0, 201, user=7, duration_ms=300, blocked_ms=200))
    (attempt,) = attempts(parquet).itertuples()
    assert (attempt.user, attempt.status) == (7, 201)
    assert attempt.ended == pytest.approx(START + 2.0, abs=1e-6)
    assert attempt.started == pytest.approx(START + 1.5, abs=1e-6)


def test_attempts_have_one_row_per_request_also_of_the_same_user(ingested):
    parquet = ingested(*request(1.0, 201, 7, 10), *request(2.0, 409, 7, 10), *request(2.0, 503, 8, 10))
    frame = attempts(parquet)
    assert list(frame.columns) == ["user", "status", "started", "ended"]
    assert frame[["user", "status"]].to_numpy().tolist() == [[7, 201], [7, 409], [8, 503]]


def test_attempt_without_an_answer_has_status_zero_and_no_length(ingested):
    parquet = ingested(*request(1.0, 0, user=7))
    (attempt,) = attempts(parquet).itertuples()
    assert attempt.status == 0
    assert attempt.started == attempt.ended


def test_attempts_without_users_stay_apart_even_at_the_same_time(ingested):
    parquet = ingested(*request(1.0, 201, None, 100), *request(1.0, 201, None, 300))
    frame = attempts(parquet)
    assert len(frame) == 2
    assert frame["user"].isna().all()
    assert sorted(frame["ended"] - frame["started"]) == pytest.approx([0.1, 0.3], abs=1e-6)


def test_attempts_are_the_issue_requests_only(ingested):
    parquet = ingested(*request(1.0, 201, 7), *request(1.0, 200, 7, name="health"))
    assert attempts(parquet)["status"].tolist() == [201]


def test_attempts_can_be_changed_without_changing_those_of_the_next_question(ingested):
    parquet = ingested(*request(1.0, 201, 7), *request(2.0, 410, 8))
    frame = attempts(parquet)
    frame.loc[0, "status"] = 503
    frame["more"] = 1
    assert attempts(parquet)["status"].tolist() == [201, 410]
    assert "more" not in attempts(parquet)


def test_attempts_are_those_of_the_file_as_it_is_now(ingested):
    assert attempts(ingested(*request(1.0, 201, 7)))["user"].tolist() == [7]
    assert attempts(ingested(*request(1.0, 201, 8)))["user"].tolist() == [8]


def test_attempts_of_a_run_without_requests_are_an_empty_frame(ingested):
    frame = attempts(ingested(point("vus", 1, 0)))
    assert frame.empty
    assert list(frame.columns) == ["user", "status", "started", "ended"]


def test_timeline_counts_by_the_second_of_the_end_and_leaves_gaps_empty(ingested):
    parquet = ingested(
        point("vus", 3, 0.9),
        *request(0.2, 201, 1, 10),
        *request(0.9, 503, 2, 30),
        *request(4.0, 201, 3, 50),
        point("vus", 5, 4.5),
    )
    frame = timeline(parquet, START)
    assert frame["second"].tolist() == [0, 1, 2, 3, 4]
    assert frame["requests"].tolist() == [2, 0, 0, 0, 1]
    assert frame["failed"].tolist() == [1, 0, 0, 0, 0]
    assert frame["p50_ms"].tolist()[0] == pytest.approx(20)
    assert frame["max_ms"].tolist()[4] == 50
    assert frame["p95_ms"].isna().tolist() == [False, True, True, True, False]
    assert frame["vus"].isna().all(), "without iterations nobody knows how many users were at work"


def test_users_of_a_second_are_its_mean_and_not_what_k6_saw_at_its_end(ingested):
    """A steep ramp: one user more every tenth of a second, each in one long iteration."""
    ramp = [point("iteration_duration", 1000 * (4 - begin / 10), 4) for begin in range(20)]
    frame = timeline(ingested(*ramp, point("vus", 20, 1.97), *request(2.5, 201, 1, 10)), START)
    assert frame["vus"].tolist() == [6, 16, 20]  # means 5.5 and 15.5, as whole users


def test_timeline_puts_what_came_before_the_start_into_its_first_second(ingested):
    frame = timeline(ingested(*request(1.0, 201, 1, 10)), START + 1.02)
    assert frame["requests"].tolist() == [1]


def test_durations_are_of_all_requests_or_of_one_population(ingested):
    parquet = ingested(*(line for n in range(1, 102) for line in request(1, 201 if n % 2 else 503, n, float(n))))
    everything = durations(parquet)
    assert everything == {
        "count": 101,
        "mean": pytest.approx(51),
        "median": 51,
        "p90": pytest.approx(91),
        "p95": pytest.approx(96),
        "p99": pytest.approx(100),
        "max": 101,
    }
    assert durations(parquet, [503])["count"] == 50
    assert durations(parquet, {201, 503}) == everything


def test_durations_of_an_empty_population_are_unknown_not_zero(ingested):
    found = durations(ingested(*request(1, 201, 1, 5)), [410])
    assert found.pop("count") == 0
    assert set(found.values()) == {None}


def test_distribution_equals_the_percentiles_of_the_tables_and_is_denser_toward_the_slowest(ingested):
    parquet = ingested(*(line for n in range(1, 1001) for line in request(1, 201, n, n**1.5)))
    frame = distribution(parquet).set_index("quantile")
    figures_of_all = durations(parquet)
    assert len(frame) <= 400
    assert [frame["ms"][share] for share in (0.5, 0.9, 0.95, 0.99, 1.0)] == [
        figures_of_all[name] for name in ("median", "p90", "p95", "p99", "max")
    ]
    assert (frame.index[0], frame["ms"].iloc[0]) == (0.0, 1.0)
    assert ((frame.index > 0.99) & (frame.index < 0.999)).sum() == 89
    steps = np.diff(frame.index)
    assert (steps > 0).all()
    assert steps[-1] < steps[len(steps) * 3 // 4] < steps[0]
    assert frame["ms"].is_monotonic_increasing


def test_distribution_is_the_same_when_the_values_do_not_fit_in_memory(ingested, monkeypatch):
    parquet = ingested(*(line for n in range(1, 1001) for line in request(1, 201, n, n**1.5)))
    in_memory = distribution(parquet)
    monkeypatch.setattr(points_sql, "MAX_SELECTED", 10)
    assert distribution(parquet).equals(in_memory)


def test_distribution_of_few_requests_has_a_row_for_each(ingested):
    parquet = ingested(*(line for n in (30, 10, 20) for line in request(1, 409, n, float(n))))
    assert distribution(parquet).to_numpy().tolist() == [[0.0, 10.0], [0.5, 20.0], [1.0, 30.0]]
    assert distribution(ingested(*request(1, 201, 7, 5.0))).to_numpy().tolist() == [[0.0, 5.0]]


def test_distribution_of_no_request_is_an_empty_frame(ingested):
    frame = distribution(ingested(point("vus", 1, 0)))
    assert (len(frame), list(frame.columns)) == (0, ["quantile", "ms"])


def test_stage_of_a_request_is_the_one_it_began_in_its_rate_counts_where_it_was_answered(ingested):
    late = request(2.2, 201, user=2, duration_ms=300, blocked_ms=100)  # began at 1.8, in the first stage
    parquet = ingested(*request(1.0, 201, user=1, duration_ms=100), *late, *request(2.5, 201, user=3, duration_ms=400))
    first, second = stages(parquet, START, [(0, 2), (2, 4)]).itertuples()
    assert (first.requests, first.answered, first.max_ms) == (2, 1, 300)
    assert (second.requests, second.answered, second.max_ms) == (1, 2, 400)


def test_stage_percentiles_are_those_of_its_own_requests_alone(ingested):
    lines = [line for n in range(5) for line in request(1 + n / 10, 201, user=n, duration_ms=100 * (n + 1))]
    (row,) = stages(ingested(*lines), START, [(0, 2)]).itertuples()
    assert (row.median_ms, row.p90_ms, row.p95_ms, row.p99_ms) == pytest.approx((300, 460, 480, 496))


def test_stage_wait_of_another_request_is_not_taken_for_its_own(ingested):
    """A file that someone cut to durations has no waits: the begin is then known less exactly, never wrongly."""
    durations_only = point("http_req_duration", 300, 2.2, {"status": "201"})
    parquet = ingested(durations_only, point("http_req_blocked", 900, 2.3, {"status": "201"}))
    assert list(stages(parquet, START, [(0, 1.5), (1.5, 3)])["requests"]) == [0, 1]


def test_stage_vus_are_the_users_at_work_and_empty_stages_have_no_times(ingested):
    """k6's one sample a second would say 100 of the short first stage, and nothing of the second."""
    parquet = ingested(
        *(point("iteration_duration", 1000, 1 + begin / 10) for begin in range(10)), point("vus", 100, 0.4)
    )
    first, second, third = stages(parquet, START, [(0, 0.5), (0.5, 1), (4, 6)]).itertuples()
    assert (first.mean_vus, second.mean_vus, third.mean_vus) == pytest.approx((3.0, 8.0, 0.0))
    assert third.requests == 0 and math.isnan(third.p95_ms)


def test_stage_vus_without_iterations_are_not_known(ingested):
    (row,) = stages(ingested(point("vus", 10, 1)), START, [(0, 2)]).itertuples()
    assert math.isnan(row.mean_vus)


def test_users_at_the_last_of_an_outcome_are_those_of_that_moment(ingested):
    """Ten users more every second, of which the last coupon at 1.95 s met the first twenty."""
    ramp = [point("iteration_duration", 1000 * (4 - begin / 10), 4) for begin in range(30)]
    parquet = ingested(*ramp, *request(1.95, 201, 1, 10), *request(3.5, 410, 2, 10))
    frame = populations(parquet, {201: "issued", 410: "sold_out"}.__getitem__).set_index("outcome")
    assert frame["last_vus"].to_dict() == pytest.approx({"issued": 20, "sold_out": 30})


def test_stage_takes_what_a_slow_clock_put_before_the_start(ingested):
    parquet = ingested(*request(0.1, 201, user=1, duration_ms=300))
    assert list(stages(parquet, START, [(0, 2), (2, 4)])["requests"]) == [1, 0]


def test_populations_have_their_own_times_and_moments(ingested):
    requests = request(1, 201, 1, 100), request(1.1, 410, 2, 500), request(1.2, 410, 3, 700), request(1.3, 0, 4, 0)
    parquet = ingested(*(line for one in requests for line in one))
    frame = populations(parquet, lambda status: "won" if status == 201 else "lost").set_index("outcome")
    assert frame.loc["won", ["requests", "p95_ms"]].tolist() == [1, 100]
    assert frame.loc["lost", ["requests", "median_ms", "max_ms"]].tolist() == [3, 500, 700]
    assert frame.loc["lost", ["first", "last"]].tolist() == pytest.approx([START + 1.1, START + 1.3])


def test_vus_come_in_time_order(ingested):
    frame = vus(ingested(point("vus", 9, 2), point("vus", 4, 1)))
    assert frame["vus"].tolist() == [4, 9]
    assert frame["time"].tolist() == pytest.approx([START + 1, START + 2])


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-11-24T10:00:00Z", 0),
        ("2026-11-24T10:00:00.1Z", 100_000),
        ("2026-11-24T10:00:00.12Z", 120_000),
        ("2026-11-24T10:00:00.123Z", 123_000),
        ("2026-11-24T10:00:00.1234Z", 123_400),
        ("2026-11-24T10:00:00.12345Z", 123_450),
        ("2026-11-24T10:00:00.123456Z", 123_456),
        ("2026-11-24T10:00:00.1234567Z", 123_456),
        ("2026-11-24T10:00:00.12345678Z", 123_456),
        ("2026-11-24T10:00:00.123456789Z", 123_456),
        ("2026-11-24T19:00:00.5+09:00", 500_000),
        ("2026-11-24T06:30:00-03:30", 0),
        ("2026-11-24T23:59:00+13:59", 0),
        ("2026-11-23T22:01:00-11:59", 0),
    ],
)
def test_time_stamps_of_any_length_and_offset_are_the_same_moment(ingested, text, micros):
    line = json.dumps({"metric": "vus", "type": "Point", "data": {"time": text, "value": 1, "tags": None}})
    (moment,) = vus(ingested(line))["time"]
    assert round((moment - START) * 1e6) == micros


def test_tags_and_metadata_are_kept_as_k6_wrote_them(ingested):
    tags = {"status": "200", "url": "http://x/?a=1&b=</script>", "한글": "값", "empty": "", "none": None}
    line = json.dumps(
        {
            "metric": "vus",
            "type": "Point",
            "data": {"time": "2026-11-24T10:00:00Z", "value": 1, "tags": tags, "metadata": {"user": "7"}},
        }
    )
    parquet = ingested(line, point("vus", 2, 1))
    with connection() as con:
        rows = con.execute(
            "SELECT tags::VARCHAR, metadata::VARCHAR FROM read_parquet(?) WHERE declaration IS NULL", [str(parquet)]
        ).fetchall()
    assert json.loads(rows[0][0]) == tags
    assert json.loads(rows[0][1]) == {"user": "7"}
    assert rows[1] == (None, None)


def test_gzip_is_told_by_its_first_bytes_not_by_its_name(tmp_path):
    text = (declaration("vus", "gauge") + "\n" + point("vus", 1, 0) + "\n").encode()
    for name, content in (("plain.json.gz", text), ("packed.json", gzip.compress(text))):
        (tmp_path / name).write_bytes(content)
        assert ingest(tmp_path / name, tmp_path / "out.parquet").points == 1


@pytest.mark.parametrize("name", ['it\'s "here"', "a[1]*?{x,y}", "run+pool_size=5", "metric=vus", "%20 한글"])
def test_path_is_only_a_path(tmp_path, name):
    """No SQL, no glob, no Hive partition: a run's folder carries knob=value in its name."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / f"{name}.json").write_text(declaration("vus", "gauge") + "\n" + point("vus", 1, 0) + "\n")
    ingest(folder / f"{name}.json", folder / f"{name}.parquet")
    assert len(vus(folder / f"{name}.parquet")) == 1
    assert figures(folder / f"{name}.parquet")["metrics"]["vus"]["value"] == 1


def test_public_names():
    assert sorted(points_module.__all__) == [
        "Ingested",
        "attempts",
        "disagreements",
        "distribution",
        "durations",
        "figures",
        "ingest",
        "populations",
        "stages",
        "timeline",
        "vus",
    ]
