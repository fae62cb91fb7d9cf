"""Figures of one run folder: k6's points, the database's confirmations, the profile's bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rushlab.judge.bound import bound
from rushlab.judge.confirm import confirm_figures
from rushlab.judge.thresholds import evaluate
from rushlab.model.profile import Profile
from rushlab.model.results import RunFigures, ThresholdResult
from rushlab.model.run import Run
from rushlab.world import evidence, points
from rushlab.world.folders import RunFolder
from rushlab.world.summary import read_summary

ISSUED = 201
DURATIONS = ("mean", "median", "p90", "p95", "p99", "max")
OUTCOMES = {201: "issued", 409: "already", 410: "sold_out"}


def run_figures(folder: RunFolder) -> RunFigures:
    """Every figure of the run's page, recomputed from its Parquet files (PointsError when they are missing)."""
    summary = read_summary(folder.summary) if folder.summary.is_file() else None
    k6 = points.figures(folder.points, summary)["metrics"]
    everything = points.durations(folder.points)
    reasons: dict[str, str] = {}
    issued = points.durations(folder.points, statuses=[ISSUED])
    fields: dict[str, Any] = _durations(everything) | _counts(k6, everything)
    fields |= _bound(folder.record, everything, reasons) | _confirmed(folder, reasons)
    return RunFigures(
        **fields,
        outcomes=outcomes(points.attempts(folder.points)),
        issued_ms={name: issued[name] for name in DURATIONS},
        thresholds=judge_thresholds(folder.record.profile, k6, everything),
        reasons=reasons,
    )


def outcomes(attempts: pd.DataFrame) -> dict[str, int]:
    """Requests by what was answered: issued, already, sold_out, rejected (other 4xx), failed (no answer, 5xx)."""
    tally: Counter[str] = Counter(dict.fromkeys(("issued", "already", "sold_out", "rejected", "failed"), 0))
    for status, count in attempts["status"].value_counts().items():
        code = int(str(status))
        tally[OUTCOMES.get(code) or ("rejected" if 400 <= code < 500 else "failed")] += int(count)
    return dict(tally)


def judge_thresholds(
    profile: Profile, k6: dict[str, Any], everything: Mapping[str, float | int | None]
) -> tuple[ThresholdResult, ...]:
    """The profile's thresholds against k6's figures and the p99 of all requests, which k6's summary leaves out."""
    duration = k6.get("http_req_duration")
    known = k6 if duration is None else k6 | {"http_req_duration": duration | {"p(99)": everything["p99"]}}
    return evaluate(profile.thresholds, known)


def _durations(values: dict[str, float | int | None]) -> dict[str, Any]:
    return {f"{name}_ms": values[name] for name in DURATIONS}


def _counts(k6: dict[str, Any], everything: dict[str, Any]) -> dict[str, Any]:
    failed = k6.get("http_req_failed", {})
    return {
        "requests": int(everything["count"]),
        "failed": int(failed.get("passes", 0)),
        "success_rate": k6.get("success_rate", {}).get("rate"),
        "rate_per_s": k6.get("http_reqs", {}).get("rate"),
    }


def _bound(run: Run, everything: dict[str, Any], reasons: dict[str, str]) -> dict[str, Any]:
    if run.load.model == "open":
        reasons["bound"] = reasons["bound_share"] = "an open model has no bound: its arrivals are planned"
        return {"bound": None, "bound_share": None}
    most = bound(run.profile.at_scale(run.scale))
    return {"bound": most, "bound_share": everything["count"] / most if most else None}


def _confirmed(folder: RunFolder, reasons: dict[str, str]) -> dict[str, Any]:
    found = confirm_figures(evidence.load(folder.evidence).issues, folder.record.timing.ended)
    reasons |= {name: text for name, text in found["reasons"].items() if name in ("confirm_ms", "drain_s")}
    return {name: found[name] for name in ("confirmed", "confirm_ms", "drain_s")}
