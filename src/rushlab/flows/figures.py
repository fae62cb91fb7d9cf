"""Figures of one run folder: k6's points, the database's confirmations, the profile's bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rushlab.judge.bound import bound
from rushlab.judge.confirm import confirm_figures
from rushlab.judge.requests import ACCEPTED, ALREADY, SOLD_OUT
from rushlab.judge.thresholds import evaluate
from rushlab.model.errors import ResultError
from rushlab.model.profile import Profile
from rushlab.model.results import RunFigures, ThresholdResult
from rushlab.model.run import Run
from rushlab.world import evidence, points
from rushlab.world.folders import RunFolder
from rushlab.world.summary import read_summary

DURATIONS = ("mean", "median", "p90", "p95", "p99", "max")
OUTCOMES = {ACCEPTED: "issued", ALREADY: "already", SOLD_OUT: "sold_out"}


def run_figures(folder: RunFolder) -> RunFigures:
    """Every figure of the run's page, recomputed from its Parquet files (PointsError when they are missing)."""
    summary = read_summary(folder.summary) if folder.summary.is_file() else None
    k6, attempts = points.figures(folder.points, summary)["metrics"], points.attempts(folder.points)
    everything, issued = points.durations(folder.points), points.durations(folder.points, statuses=[ACCEPTED])
    reasons: dict[str, str] = {}
    fields: dict[str, Any] = _durations(everything, reasons) | _counts(k6, everything, outcomes(attempts), reasons)
    fields |= _bound(folder.record, everything, reasons) | _confirmed(folder, attempts, reasons)
    if not issued["count"]:
        reasons["issued_ms"] = "nobody was told 201"
    return RunFigures(
        **fields,
        outcomes=outcomes(attempts),
        issued_ms={name: issued[name] for name in DURATIONS},
        thresholds=judge_thresholds(folder.record.profile, k6, everything),
        reasons=reasons,
    )


def outcomes(attempts: pd.DataFrame) -> dict[str, int]:
    """Requests by what was answered: issued, already, sold_out, rejected (other 4xx), failed (no answer, 5xx)."""
    tally: Counter[str] = Counter(dict.fromkeys(("issued", "already", "sold_out", "rejected", "failed"), 0))
    for status, count in attempts["status"].value_counts().items():
        tally[outcome_of(int(str(status)))] += int(count)
    return dict(tally)


def outcome_of(status: int) -> str:
    """What a status (0 = no answer) means to whoever asked for a coupon."""
    return OUTCOMES.get(status) or ("rejected" if 400 <= status < 500 else "failed")


def judge_thresholds(
    profile: Profile, k6: dict[str, Any], everything: Mapping[str, float | int | None]
) -> tuple[ThresholdResult, ...]:
    """The profile's thresholds against k6's figures and the p99 of all requests, which k6's summary leaves out."""
    duration = k6.get("http_req_duration")
    known = k6 if duration is None else k6 | {"http_req_duration": duration | {"p(99)": everything["p99"]}}
    return evaluate(profile.thresholds, known)


def _durations(values: dict[str, float | int | None], reasons: dict[str, str]) -> dict[str, Any]:
    found = {f"{name}_ms": values[name] for name in DURATIONS}
    reasons |= {name: "no request was made" for name, value in found.items() if value is None}
    return found


def _counts(
    k6: dict[str, Any], everything: dict[str, Any], told: dict[str, int], reasons: dict[str, str]
) -> dict[str, Any]:
    """Without k6's own count of failures: the requests that its script does not expect, which is the same."""
    failed = k6.get("http_req_failed", {}).get("passes", told["rejected"] + told["failed"])
    shares = {
        "success_rate": k6.get("success_rate", {}).get("rate"),
        "rate_per_s": k6.get("http_reqs", {}).get("rate"),
    }
    reasons |= {name: "k6's points do not tell it" for name, value in shares.items() if value is None}
    return {"requests": int(everything["count"]), "failed": int(failed)} | shares


def _bound(run: Run, everything: dict[str, Any], reasons: dict[str, str]) -> dict[str, Any]:
    if run.load.model == "open":
        return _no_bound("an open model has no bound: its arrivals are planned", reasons)
    try:
        most = bound(run.profile.at_scale(run.scale))
    except ResultError as error:
        return _no_bound(error.sentence, reasons)
    if not most:
        reasons["bound_share"] = "the profile plans no request"
    return {"bound": most, "bound_share": everything["count"] / most if most else None}


def _no_bound(reason: str, reasons: dict[str, str]) -> dict[str, Any]:
    reasons |= {"bound": reason, "bound_share": reason}
    return {"bound": None, "bound_share": None}


def _confirmed(folder: RunFolder, attempts: pd.DataFrame, reasons: dict[str, str]) -> dict[str, Any]:
    """Waits count from each coupon's reply, the drain from the last reply of all."""
    ended = float(attempts["ended"].max()) if len(attempts) else None
    found = confirm_figures(evidence.load(folder.evidence).issues, ended, attempts)
    if found["confirmed"] is None:
        reasons["confirmed"] = found["reasons"]["drain_s"]
    names = ("confirm_rate_per_s", "confirm_ms", "confirmed_early", "drain_s")
    reasons |= {name: text for name, text in found["reasons"].items() if name in names}
    return {name: found[name] for name in ("confirmed", *names)}
