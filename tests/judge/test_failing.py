"""Runs whose requests went wrong, by their thresholds on failures and successes."""

from __future__ import annotations

from typing import Any

import pytest

from rushlab.judge.failing import failing
from rushlab.model.results import RunFigures, ThresholdResult


def figures(failure_rate: float, success_rate: float, **outcomes: int) -> RunFigures:
    limits = (
        ThresholdResult(metric="http_req_duration", expression="p(95)<1000", value=4000.0, passed=False),
        ThresholdResult(
            metric="http_req_failed", expression="rate<0.15", value=failure_rate, passed=failure_rate < 0.15
        ),
        ThresholdResult(metric="success_rate", expression="rate>0.85", value=success_rate, passed=success_rate > 0.85),
    )
    times: dict[str, Any] = dict.fromkeys(("mean_ms", "median_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"), 1.0)
    nothing: dict[str, Any] = dict.fromkeys(("rate_per_s", "bound", "bound_share", "confirmed", "drain_s"))
    return RunFigures(
        **times,
        **nothing,
        requests=sum(outcomes.values()),
        failed=0,
        success_rate=success_rate,
        outcomes=outcomes,
        issued_ms={},
        confirm_ms={},
        thresholds=limits,
    )


def test_slow_is_not_wrong() -> None:
    assert failing(figures(0.0, 1.0, issued=100)) is None


def test_a_sale_that_ended_was_answered_rightly() -> None:
    assert failing(figures(0.0, 0.1, issued=10, sold_out=60, already=30)) is None


@pytest.mark.parametrize(
    ("run", "metric"),
    [
        (figures(0.5, 0.5, issued=50, failed=50), "http_req_failed"),
        (figures(0.0, 0.5, issued=50, rejected=50), "success_rate"),
        (figures(0.0, 0.1, issued=10, sold_out=60, rejected=30), "success_rate"),
    ],
)
def test_what_failed_is_named(run: RunFigures, metric: str) -> None:
    found = failing(run)
    assert found is not None
    assert found.metric == metric
