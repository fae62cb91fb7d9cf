"""Metrics within a window: rates by completion, shares by start, waits of coupons that were not confirmed in time."""

import math

import pandas as pd
import pytest

from rushlab.judge.measures import accept_rates, backlog, confirmations, cpu_per_request

ATTEMPTS = pd.DataFrame(
    {
        "user": pd.array([1, 2, 3, 4, 5, 6], dtype="Int64"),
        "status": [201, 201, 503, 201, 201, 201],
        "started": [9.5, 10.0, 11.0, 12.0, 13.0, 14.9],
        "ended": [10.1, 10.2, 11.1, 12.5, 13.5, 15.1],
    }
)


def test_rate_counts_replies_in_the_window_and_the_share_requests_that_began_in_it():
    values, reasons = accept_rates(ATTEMPTS, 10.0, 15.0)
    assert values["throughput_per_s"] == pytest.approx(4 / 5)
    assert values["success_rate"] == pytest.approx(4 / 5)
    assert reasons == {}


def test_share_of_nothing_is_unknown():
    values, reasons = accept_rates(ATTEMPTS, 100.0, 110.0)
    assert values == {"throughput_per_s": 0.0, "success_rate": None}
    assert "no request" in reasons["success_rate"]


def issues(*confirmed):
    return pd.DataFrame({"user_id": [1, 2, 4, 5, 6], "confirmed_at": confirmed})


def test_waits_are_of_coupons_accepted_in_the_window():
    values, reasons = confirmations(issues(10.2, 10.3, 12.7, 13.8, 99.0), ATTEMPTS, 10.0, 15.0)
    assert values["confirm_rate_per_s"] == pytest.approx(4 / 5)
    assert values["confirm_p50_ms"] == pytest.approx(150)
    assert reasons == {}


def test_percentile_that_reaches_into_the_backlog_is_unknown():
    values, reasons = confirmations(issues(10.2, 10.3, 12.7, math.nan, math.nan), ATTEMPTS, 10.0, 15.0)
    assert values["confirm_p50_ms"] == pytest.approx(150)
    assert values["confirm_p95_ms"] is None
    assert "1 of 4 coupons were never confirmed" in reasons["confirm_p95_ms"]
    assert backlog(issues(10.2, 10.3, 12.7, math.nan, math.nan)) == 2


def test_everything_in_the_backlog():
    values, reasons = confirmations(issues(*[math.nan] * 5), ATTEMPTS, 10.0, 15.0)
    assert values == {"confirm_rate_per_s": 0.0, "confirm_p50_ms": None, "confirm_p95_ms": None}
    assert set(reasons) == {"confirm_p50_ms", "confirm_p95_ms"}


def test_without_evidence_everything_is_unknown():
    values, reasons = confirmations(None, ATTEMPTS, 10.0, 15.0)
    assert set(values.values()) == {None}
    assert set(reasons) == set(values)
    assert backlog(None) is None


def test_load_generator_and_workbench_are_not_the_stack():
    values, _ = cpu_per_request({"service": 2.0, "mariadb": 1.0, "k6": 9.0, "workbench": 1.0, "host": 20.0}, None, 1000)
    assert values["cpu_ms_per_request"] == pytest.approx(3.0)
    values, reasons = cpu_per_request(None, "k6 was killed", 1000)
    assert (values["cpu_ms_per_request"], reasons["cpu_ms_per_request"]) == (None, "k6 was killed")
