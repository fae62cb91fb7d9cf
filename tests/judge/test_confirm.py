"""Accept to confirm: counts, percentiles, rate and drain from literal issue rows."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from rushlab.judge.confirm import confirm_figures


def issues(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["accepted_at", "confirmed_at"], dtype="float64")


def test_figures_of_a_drained_run() -> None:
    figures = confirm_figures(issues((100.0, 100.1), (101.0, 101.2), (102.0, 104.0)), ended=103.5)
    assert (figures["issued"], figures["confirmed"]) == (3, 3)
    assert figures["confirm_ms"]["p50"] == pytest.approx(200.0)
    assert figures["confirm_ms"]["p95"] == pytest.approx(200 + 0.9 * 1800)
    assert figures["confirm_ms"]["max"] == pytest.approx(2000.0)
    assert figures["confirm_rate_per_s"] == pytest.approx(3 / 4)
    assert figures["drain_s"] == pytest.approx(0.5)
    assert figures["reasons"] == {}


def test_confirmed_before_the_end_needs_no_drain() -> None:
    assert confirm_figures(issues((100.0, 100.1), (101.0, 101.2)), ended=110.0)["drain_s"] == 0


def test_an_unconfirmed_coupon_leaves_the_drain_unknown() -> None:
    figures = confirm_figures(issues((100.0, 100.1), (101.0, math.nan)), ended=110.0)
    assert (figures["issued"], figures["confirmed"]) == (2, 1)
    assert figures["drain_s"] is None
    assert figures["reasons"]["drain_s"] == "1 coupons were never confirmed"


def test_nothing_confirmed_or_no_evidence_gives_reasons_not_numbers() -> None:
    nothing = confirm_figures(issues((100.0, math.nan)), ended=110.0)
    assert (nothing["issued"], nothing["confirmed"], nothing["confirm_ms"]["p95"]) == (1, 0, None)
    absent = confirm_figures(None)
    assert absent["issued"] is absent["confirmed"] is absent["confirm_ms"]["max"] is None
    assert absent["reasons"]["drain_s"] == "the issues table could not be read"


def test_without_the_end_of_the_load_the_rest_stands() -> None:
    figures = confirm_figures(issues((100.0, 100.1)))
    assert figures["drain_s"] is None
    assert figures["confirm_ms"]["p50"] == pytest.approx(100.0)


def attempts(*rows: tuple[int | None, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user", "status", "ended"]).astype({"user": "Int64"})


def rows_of(*rows: tuple[int, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user_id", "accepted_at", "confirmed_at"])


def test_the_wait_begins_with_the_reply_not_before_the_commit() -> None:
    """Both coupons were stamped at second 100, before they queued for a connection; their users heard of it later."""
    table = rows_of((7, 100.0, 101.2), (8, 100.0, 103.5))
    told = attempts(
        (7, 503, 100.2), (7, 201, 101.0), (7, 201, 104.0), (8, 201, 103.0), (9, 201, 90.0), (None, 201, 90.0)
    )
    figures = confirm_figures(table, 104.0, told)
    assert figures["confirm_ms"]["max"] == pytest.approx(500)
    assert figures["confirm_ms"]["p50"] == pytest.approx(350)
    assert figures["confirm_rate_per_s"] == pytest.approx(2 / 2.5)
    assert figures["confirmed_early"] == 0
    assert confirm_figures(table, 104.0)["confirm_ms"]["max"] == pytest.approx(3500)


def test_a_coupon_confirmed_before_its_reply_was_read_took_no_time_and_is_counted() -> None:
    figures = confirm_figures(
        rows_of((7, 100.0, 100.4), (8, 100.0, 101.0)), 102.0, attempts((7, 201, 100.5), (8, 201, 100.5))
    )
    assert figures["confirm_ms"]["p50"] == pytest.approx(250)
    assert figures["confirmed_early"] == 1


def test_a_coupon_without_a_reply_has_no_time() -> None:
    table = rows_of((7, 100.0, 100.4), (8, 100.0, 101.0))
    figures = confirm_figures(table, 102.0, attempts((7, 201, 100.3), (8, 0, 125.0)))
    assert figures["confirmed"] == 2
    assert figures["confirm_ms"]["max"] == pytest.approx(100)
    nobody = confirm_figures(table, 102.0, attempts((8, 0, 125.0)))
    assert nobody["confirm_ms"]["max"] is nobody["confirm_rate_per_s"] is None
    assert nobody["drain_s"] == 0
    assert nobody["reasons"]["confirm_ms"] == "no confirmed coupon has a reply with its user"


def test_a_percentile_that_lies_beyond_the_confirmed_is_unknown_not_that_of_the_survivors() -> None:
    """Seven of ten confirmed after 100 ms each: half of all are known, the 95th of a hundred is not."""
    users = range(1, 11)
    told = attempts(*[(user, 201, 100.0) for user in users])
    table = rows_of(*[(user, 99.0, 100.1 if user <= 7 else math.nan) for user in users])
    for figures in (confirm_figures(table, 104.0, told), confirm_figures(table.assign(accepted_at=100.0), 104.0)):
        assert figures["confirm_ms"]["p50"] == pytest.approx(100)
        assert figures["confirm_ms"]["p95"] is figures["confirm_ms"]["p99"] is figures["confirm_ms"]["max"] is None
        assert figures["reasons"]["confirm_ms"] == "3 of 10 coupons were never confirmed"
        assert (figures["confirmed"], figures["confirmed_early"]) == (7, 0)


def test_a_percentile_that_lies_before_the_unconfirmed_stands() -> None:
    table = issues(*[(100.0, 100.1)] * 199, (100.0, math.nan))
    figures = confirm_figures(table, 104.0)
    assert figures["confirm_ms"]["p95"] == figures["confirm_ms"]["p99"] == pytest.approx(100)
    assert figures["confirm_ms"]["max"] is None
