"""The asynchronous half of a coupon: from the accepted reply to the applied event."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rushlab.judge.requests import ACCEPTED
from rushlab.judge.waits import percentile

PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
#: What has a reason when it has no value.
NAMES = ("confirm_rate_per_s", "confirm_ms", "confirmed_early", "drain_s")


def confirm_figures(
    issues: pd.DataFrame | None, ended: float | None = None, attempts: pd.DataFrame | None = None
) -> dict[str, Any]:
    """How many coupons were confirmed, how long that took, and how long the queue outlived the load.

    The time to confirm is what the user waits after the reply: each coupon's confirmed_at (the
    database's clock) minus the end of its user's first 201 (the load generator's clock). That is only
    as good as these clocks agree; here they are one machine's. The stamp is taken when the last
    statement of the consumer's transaction begins, so that the update itself and the commit are not
    in it. A coupon that was confirmed before its
    reply had been read took 0 ms and is counted as early; one without a reply has no time.

    Parameters
    ----------
    issues
        One row per issued coupon: `user_id`, `accepted_at` and `confirmed_at` in epoch seconds
        (NaN = not confirmed). None = no evidence.
    ended
        Epoch second at which the load ended: its last reply.
    attempts
        One row per request: user, status, ended. None: times count from `accepted_at`, which the
        service takes before its transaction, so that they hold the wait for the commit as well.

    Returns
    -------
    dict
        `issued`, `confirmed`: coupons.
        `confirm_rate_per_s`: confirmed coupons per second from the first accept to the last confirm.
        `confirm_ms`: p50, p95, p99, max in ms (linear interpolation between order statistics) over all
        coupons with a reply: one that was never confirmed waits longer than all others, by an unknown
        time, so a percentile that reaches into these is None.
        `confirmed_early`: coupons confirmed before their reply had been read. `drain_s`: seconds from
        `ended` to the last confirm, 0 when all were confirmed before. None where there is no value;
        `reasons` says why, by name.
    """
    if issues is None:
        return _nothing("the issues table could not be read")
    done = issues[issues["confirmed_at"].notna()]
    pending = len(issues) - len(done)
    figures: dict[str, Any] = _nothing("no coupon was confirmed") | {"issued": len(issues), "confirmed": len(done)}
    if len(done):
        confirmed = done["confirmed_at"].to_numpy("float64")
        figures |= _waits(issues["confirmed_at"].to_numpy("float64"), _accepted(issues, attempts))
        figures |= {"drain_s": None if pending or ended is None else max(0.0, float(confirmed.max()) - ended)}
        if pending:
            figures["reasons"]["drain_s"] = f"{pending} coupons were never confirmed"
        elif ended is None:
            figures["reasons"]["drain_s"] = "the end of the load is not known"
    return figures


def _accepted(issues: pd.DataFrame, attempts: pd.DataFrame | None) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Epoch second from which each coupon's wait counts; NaN without a reply."""
    if attempts is None:
        return issues["accepted_at"].to_numpy("float64")
    won = attempts[(attempts["status"] == ACCEPTED) & attempts["user"].notna()]
    replied = won["ended"].groupby(won["user"].astype("int64")).min()
    return replied.reindex(issues["user_id"]).to_numpy("float64")


def _waits(
    confirmed: np.ndarray[Any, np.dtype[np.float64]], accepted: np.ndarray[Any, np.dtype[np.float64]]
) -> dict[str, Any]:
    done, known = ~np.isnan(confirmed), ~np.isnan(accepted)
    if not (done & known).any():
        gone = ("confirm_rate_per_s", "confirm_ms", "confirmed_early")
        return {"reasons": dict.fromkeys(gone, "no confirmed coupon has a reply with its user")}
    delays = (confirmed - accepted)[known] * 1000
    waits = np.sort(np.nan_to_num(delays, nan=np.inf).clip(0))
    found = {name: percentile(waits, percent) for name, percent in PERCENTILES.items()}
    busy = float(confirmed[done].max() - accepted[done & known].min())
    late = found["max"][1]
    reasons = {"confirm_ms": late} if late else {}
    return {
        "confirm_rate_per_s": int(done.sum()) / busy if busy > 0 else None,
        "confirm_ms": {name: value for name, (value, _) in found.items()},
        "confirmed_early": int((delays < 0).sum()),
        "reasons": reasons | ({} if busy > 0 else {"confirm_rate_per_s": "everything happened at one moment"}),
    }


def _nothing(reason: str) -> dict[str, Any]:
    return {
        "issued": None,
        "confirmed": None,
        "confirm_rate_per_s": None,
        "confirm_ms": dict.fromkeys(PERCENTILES),
        "confirmed_early": None,
        "drain_s": None,
        "reasons": dict.fromkeys(NAMES, reason),
    }
