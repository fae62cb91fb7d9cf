"""The metrics of one run within its window, from what was asked and what the database says was confirmed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from rushlab.judge.requests import ACCEPTED
from rushlab.judge.waits import percentile

#: What is none of the system under test, in a run's record of CPU seconds.
NOT_THE_STACK = ("k6", "workbench", "host")

NOBODY = "no coupon was accepted in the window"

#: Values by metric, and why one could not be had.
Found = tuple[dict[str, float | None], dict[str, str]]


def accept_rates(attempts: pd.DataFrame, begin: float, end: float) -> Found:
    """Accepted per second, and the share of requests that were accepted.

    Parameters
    ----------
    attempts
        One row per request: status, started, ended (epoch seconds).
    begin, end
        The window. Rates count replies that ended in it, the share counts requests that began in it.
    """
    won = attempts["status"] == ACCEPTED
    ended = attempts["ended"].between(begin, end, inclusive="left")
    began = attempts["started"].between(begin, end, inclusive="left")
    rate = float((won & ended).sum()) / (end - begin)
    if not began.any():
        return {"throughput_per_s": rate, "success_rate": None}, {"success_rate": "no request began in the window"}
    return {"throughput_per_s": rate, "success_rate": float(won[began].mean())}, {}


def confirmations(issues: pd.DataFrame | None, attempts: pd.DataFrame, begin: float, end: float) -> Found:
    """Confirmed per second in the window, and the time to confirm of coupons accepted in it (p50, p95 in ms).

    A coupon that was not confirmed when the evidence was collected waits for an unknown, longer time
    than all others: a percentile that reaches into these is unknown.

    Parameters
    ----------
    issues
        One row per coupon: user_id, confirmed_at (epoch seconds, NaN = not confirmed); None = no evidence.
    """
    names = ("confirm_rate_per_s", "confirm_p50_ms", "confirm_p95_ms")
    if issues is None:
        return dict.fromkeys(names), dict.fromkeys(names, "the issues table could not be read")
    confirmed = issues["confirmed_at"].to_numpy("float64")
    rate = float(((confirmed >= begin) & (confirmed < end)).sum()) / (end - begin)
    waits = _waits(issues, attempts, begin, end)
    values: dict[str, float | None] = {"confirm_rate_per_s": rate}
    reasons: dict[str, str] = {}
    for percent in (50, 95):
        name = f"confirm_p{percent}_ms"
        values[name], reason = percentile(waits, percent) if len(waits) else (None, NOBODY)
        reasons |= {name: reason} if reason else {}
    return values, reasons


def backlog(issues: pd.DataFrame | None) -> int | None:
    """Coupons that were not confirmed; None without evidence."""
    return None if issues is None else int(issues["confirmed_at"].isna().sum())


def cpu_per_request(cpu_s: Mapping[str, float] | None, why_not: str | None, requests: int) -> Found:
    """CPU milliseconds of the stack per request of the whole run (the CPU was metered from load to drain)."""
    name = "cpu_ms_per_request"
    if cpu_s is None:
        return {name: None}, {name: why_not or "this run has no record of CPU time"}
    if not requests:
        return {name: None}, {name: "no request was made"}
    used = math.fsum(seconds for process, seconds in cpu_s.items() if process not in NOT_THE_STACK)
    return {name: used * 1000 / requests}, {}


def _waits(issues: pd.DataFrame, attempts: pd.DataFrame, begin: float, end: float) -> np.ndarray:
    """Milliseconds from each first 201 in the window to its confirmation, infinite where there is none, sorted."""
    won = attempts[(attempts["status"] == ACCEPTED) & attempts["user"].notna()]
    replied = won["ended"].groupby(won["user"].astype("int64")).min()
    replied = replied[(replied >= begin) & (replied < end)]
    confirmed = issues.groupby("user_id")["confirmed_at"].min().reindex(replied.index)
    waits = ((confirmed - replied) * 1000).clip(lower=0).fillna(math.inf)
    return np.sort(waits.to_numpy("float64"))
