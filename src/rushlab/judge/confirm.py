"""The asynchronous half of a coupon: from the accepted reply to the applied event."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def confirm_figures(issues: pd.DataFrame | None, ended: float | None = None) -> dict[str, Any]:
    """How many coupons were confirmed, how long that took, and how long the queue outlived the load.

    Parameters
    ----------
    issues
        One row per issued coupon: `accepted_at` and `confirmed_at` in epoch seconds on the
        database's clock (NaN = not confirmed). None = no evidence.
    ended
        Epoch second at which the load generator stopped.

    Returns
    -------
    dict
        `issued`, `confirmed`: coupons. `confirmed_share`: confirmed / issued.
        `confirm_rate_per_s`: confirmed coupons per second from the first accept to the last confirm.
        `confirm_ms`: p50, p95, p99, max of confirmed_at − accepted_at in ms (linear interpolation
        between order statistics). `drain_s`: seconds from `ended` to the last confirm, 0 when all
        were confirmed before. None where there is no value; `reasons` says why, by name.
    """
    if issues is None:
        return _nothing("the issues table could not be read")
    done = issues.loc[issues["confirmed_at"].notna(), ["accepted_at", "confirmed_at"]].astype("float64")
    pending = len(issues) - len(done)
    figures: dict[str, Any] = _nothing("no coupon was confirmed") | {"issued": len(issues), "confirmed": len(done)}
    if len(done):
        figures |= _figures_of(done, len(issues), ended, pending)
    return figures


def _figures_of(done: pd.DataFrame, issued: int, ended: float | None, pending: int) -> dict[str, Any]:
    delays = (done["confirmed_at"] - done["accepted_at"]).to_numpy() * 1000
    last = float(done["confirmed_at"].max())
    busy = last - float(done["accepted_at"].min())
    reasons: dict[str, str] = {}
    if pending:
        reasons["drain_s"] = f"{pending} coupons were never confirmed"
    elif ended is None:
        reasons["drain_s"] = "the end of the load is not known"
    if busy <= 0:
        reasons["confirm_rate_per_s"] = "everything happened at one moment"
    return {
        "confirmed_share": len(done) / issued,
        "confirm_rate_per_s": len(done) / busy if busy > 0 else None,
        "confirm_ms": {name: float(np.percentile(delays, percent)) for name, percent in PERCENTILES.items()},
        "drain_s": None if pending or ended is None else max(0.0, last - ended),
        "reasons": reasons,
    }


def _nothing(reason: str) -> dict[str, Any]:
    names = ("confirmed_share", "confirm_rate_per_s", "confirm_ms", "drain_s")
    return {
        "issued": None,
        "confirmed": None,
        "confirmed_share": None,
        "confirm_rate_per_s": None,
        "confirm_ms": dict.fromkeys(PERCENTILES),
        "drain_s": None,
        "reasons": dict.fromkeys(names, reason),
    }
