"""Where the response time went inside the service: each stage's share, from the sums that it keeps itself."""

from __future__ import annotations

import json

import pandas as pd

#: The series that these shares rest on (model.series).
ALL, COUNT, STAGES = "request_sum", "request_count", "stage_sum"
#: What no stage accounts for: reading the request, the event loop's turn, waiting for a CPU.
REST = "rest"


def shares(frame: pd.DataFrame, begin: float, end: float) -> pd.DataFrame | None:
    """One row per stage and one for the rest: stage, seconds (of all requests), share (0 to 1), ms per request.

    Each sum is taken from the last sample at or before `begin` to the last one up to `end` (epoch seconds): outside a
    run nothing moves, so the differences are exact. None without those samples, or when no request came.
    """
    known = frame[frame["name"].isin([ALL, COUNT, STAGES]) & (frame["at"] <= end)].dropna(subset="value")
    grown = {
        (str(name), str(labels)): _growth(rows, begin) for (name, labels), rows in known.groupby(["name", "labels"])
    }
    total, count = (_only(grown, name) for name in (ALL, COUNT))
    if total is None or not count or total <= 0:
        return None
    stages = {json.loads(labels)["stage"]: value for (name, labels), value in grown.items() if name == STAGES}
    seconds = {stage: value for stage, value in stages.items() if value is not None}
    seconds[REST] = total - sum(seconds.values())
    rows = [(stage, value, value / total, 1000 * value / count) for stage, value in seconds.items()]
    return pd.DataFrame(rows, columns=["stage", "seconds", "share", "ms"])


def _growth(rows: pd.DataFrame, begin: float) -> float | None:
    """None without a sample before the run, or when the sum went back during it: the process was restarted."""
    ordered = rows.sort_values("at")
    before = ordered[ordered["at"] <= begin]["value"]
    if before.empty:
        return None
    during = [float(before.iloc[-1]), *ordered[ordered["at"] > begin]["value"]]
    return during[-1] - during[0] if during == sorted(during) else None


def _only(grown: dict[tuple[str, str], float | None], name: str) -> float | None:
    found = [value for (series, _), value in grown.items() if series == name]
    return found[0] if len(found) == 1 else None
