"""k6's summary means the same in each of its shapes."""

import json

import pytest

from rushlab.model.errors import PointsError
from rushlab.world.summary import read_summary

TREND = {"avg": 5.0, "min": 1.0, "med": 4.0, "max": 9.0, "p(90)": 8.0, "p(95)": 8.5}

HANDLE_SUMMARY = {
    "root_group": {},
    "options": {},
    "state": {"testRunDurationMs": 12_500.0},
    "metrics": {
        "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 50, "rate": 4}},
        "http_req_duration": {"type": "trend", "values": TREND, "thresholds": {"p(95)<1000": {"ok": True}}},
        "http_req_failed": {
            "type": "rate",
            "values": {"rate": 0.2, "passes": 10, "fails": 40},
            "thresholds": {"rate<0.15": {"ok": False}},
        },
        "vus": {"type": "gauge", "values": {"value": 1, "min": 0, "max": 3}},
    },
}
SUMMARY_EXPORT = {
    "root_group": {},
    "metrics": {
        "http_reqs": {"count": 50, "rate": 4},
        "http_req_duration": {**TREND, "thresholds": {"p(95)<1000": False}},
        "http_req_failed": {"value": 0.2, "passes": 10, "fails": 40, "thresholds": {"rate<0.15": True}},
        "vus": {"value": 1, "min": 0, "max": 3},
    },
}
MACHINE_READABLE = {
    "version": "1.0.0",
    "config": {"duration": 12.5, "execution": "local", "script": "coupons.js"},
    "metadata": {"k6_version": "2.0.0", "generated_at": "2026-11-24T14:26:53Z"},
    "results": {
        "checks": {"metrics": [], "results": []},
        "metrics": [
            {"name": "http_reqs", "type": "counter", "contains": "default", "values": {"count": 50}},
            {"name": "http_req_duration", "type": "trend", "contains": "time", "values": TREND},
            {
                "name": "http_req_failed",
                "type": "rate",
                "contains": "default",
                "values": {"rate": 0.2, "matches": 10, "total": 50},
            },
            {"name": "vus", "type": "gauge", "contains": "default", "values": {"value": 1, "min": 0, "max": 3}},
        ],
    },
}


def read(tmp_path, content):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(content))
    return read_summary(path)


@pytest.mark.parametrize("content", [HANDLE_SUMMARY, SUMMARY_EXPORT, MACHINE_READABLE])
def test_every_shape_gives_the_same_values(tmp_path, content):
    summary = read(tmp_path, content)
    assert summary.test_run_duration_ms == 12_500
    assert summary.metrics["http_reqs"]["count"] == 50
    assert summary.metrics["http_req_duration"] == TREND
    assert summary.metrics["http_req_failed"] == {"rate": 0.2, "passes": 10, "fails": 40}
    assert summary.metrics["vus"] == {"value": 1, "min": 0, "max": 3}


@pytest.mark.parametrize("content", [HANDLE_SUMMARY, SUMMARY_EXPORT])
def test_threshold_is_true_when_it_was_met(tmp_path, content):
    """In --summary-export true means crossed; here it means met, whatever the shape."""
    assert read(tmp_path, content).thresholds == {
        "http_req_duration": {"p(95)<1000": True},
        "http_req_failed": {"rate<0.15": False},
    }


def test_duration_is_unknown_where_nothing_was_counted(tmp_path):
    assert read(tmp_path, {"metrics": {"http_reqs": {"count": 0, "rate": 0}}}).test_run_duration_ms is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"a": 1}',
        b'{"metrics": []}',
        b'{"metrics": {"x": 1}}',
        b'{"results": {}}',
        b"\xff\xfe",
    ],
)
def test_anything_else_is_refused_with_a_sentence(tmp_path, content):
    path = tmp_path / "summary.json"
    path.write_bytes(content)
    with pytest.raises(PointsError, match=r"is not a summary of k6"):
        read_summary(path)


def test_missing_file_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(PointsError, match="cannot be read"):
        read_summary(tmp_path / "none.json")


@pytest.mark.parametrize("content", [b'{"metrics": {"a": "\xff"}}', b"[" * 100_000])
def test_damaged_bytes_are_one_sentence(tmp_path, content):
    (tmp_path / "summary.json").write_bytes(content)
    with pytest.raises(PointsError, match="is not JSON"):
        read_summary(tmp_path / "summary.json")
