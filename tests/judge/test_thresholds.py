"""Thresholds: k6's grammar, k6's verdict, and never a pass without a value."""

from __future__ import annotations

import re

import pytest

from rushlab.judge.thresholds import disagreements, evaluate, missed, parse

FIGURES = {
    "http_req_duration": {"avg": 320.0, "min": 2.0, "med": 250.0, "max": 2150.0, "p(90)": 900.0, "p(95)": 1000.0},
    "http_req_failed": {"rate": 0.15, "passes": 15.0, "fails": 85.0},
    "success_rate": {"rate": 0.8501},
    "http_reqs": {"count": 1200.0, "rate": 40.0},
    "vus_max": {"value": 1000.0},
}


@pytest.mark.parametrize(
    ("metric", "expression", "passed"),
    [
        ("http_req_duration", "p(95)<1000", False),  # equal is not below
        ("http_req_duration", "p(95)<=1000", True),
        ("http_req_duration", "p(95.0) < 1000.5", True),
        ("http_req_duration", "avg<320.1", True),
        ("http_req_duration", "med>=250", True),
        ("http_req_duration", "p(50)<250", False),
        ("http_req_duration", "max<2e3", False),
        ("http_req_duration", "min!=2", False),
        ("http_req_failed", "rate<0.15", False),
        ("success_rate", "rate>0.85", True),
        ("http_reqs", "count===1200", True),
        ("http_reqs", "rate==41", False),
        ("vus_max", "value>999", True),
    ],
)
def test_known_values(metric: str, expression: str, passed: bool) -> None:
    (result,) = evaluate({metric: [expression]}, FIGURES)
    assert (result.metric, result.expression, result.passed) == (metric, expression, passed)
    assert result.value is not None
    assert result.reason is None


@pytest.mark.parametrize(
    ("metric", "expression", "reason"),
    [
        ("http_req_duration", "p95<1000", "not one that k6 knows"),
        ("http_req_duration", "p(95)=<1000", "not one that k6 knows"),
        ("http_req_duration", "__import__('os')", "not one that k6 knows"),
        ("http_req_duration", "p(99)<1000", r"p\(99\) of http_req_duration was not computed"),
        ("grpc_req_duration", "avg<1", "no samples"),
    ],
)
def test_what_cannot_be_judged_is_not_passed_and_says_why(metric: str, expression: str, reason: str) -> None:
    (result,) = evaluate({metric: [expression]}, FIGURES)
    assert result.passed is None
    assert result.value is None
    assert result.reason is not None
    assert re.search(reason, result.reason)


def test_all_expressions_in_the_order_of_the_profile() -> None:
    results = evaluate({"http_req_duration": ["p(95)<2000", "avg<1"], "success_rate": ["rate>0.85"]}, FIGURES)
    assert [result.passed for result in results] == [True, False, True]
    assert missed(results)
    assert not missed(results[:1])


def test_an_unknown_threshold_is_not_a_missed_one() -> None:
    assert not missed(evaluate({"http_req_duration": ["nonsense"]}, FIGURES))


def test_a_percentile_is_named_in_its_shortest_form() -> None:
    assert parse("p(99.90)<5") == ("p(99.9)", "<", 5.0)
    assert parse("p( 95 ) < 5") == ("p(95)", "<", 5.0)


def test_a_verdict_that_is_not_k6s_is_named() -> None:
    results = evaluate(
        {"http_req_duration": ["p(95)<2000", "avg<1", "p(99)<1"], "success_rate": ["rate>0.85"]}, FIGURES
    )
    told = {"http_req_duration": {"p(95)<2000": True, "avg<1": True, "p(99)<1": True}}
    assert disagreements(results, told) == ["threshold http_req_duration avg<1: missed by the points, met by k6"]
    assert disagreements(results, {}) == []
