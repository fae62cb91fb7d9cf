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
    assert (figures["issued"], figures["confirmed"], figures["confirmed_share"]) == (3, 3, 1.0)
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
    assert (figures["issued"], figures["confirmed"], figures["confirmed_share"]) == (2, 1, 0.5)
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
