"""V7: which series are covered? At least 95 % of their scrape slots, every target up, clocks within one scrape."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from rushlab.judge.checks import check
from rushlab.model.series import EXPORTERS_S, NOW, OWN_S, SERIES, Series, SeriesFacts
from rushlab.model.verdict import Check, Status

#: Conventions (settings with these defaults, printed beside what they judged).
COVERED_SHARE = 0.95
#: Clocks may differ by one scrape of our own processes.
CLOCK_S = OWN_S

#: How many series or targets are named.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of its slots that a series has, 0 to 1, and why it is not covered (empty = it is)."""

    share: float
    reason: str = ""


def coverages(
    frame: pd.DataFrame, missing: Mapping[str, str], begin: float, end: float, table: tuple[Series, ...] = SERIES
) -> dict[str, Coverage]:
    """Coverage of every series of the table between two moments (epoch seconds), by its name.

    `frame` has one row per value: name, labels (JSON), at (epoch seconds), value. A series that is kept per instance is
    as covered as the worst of them.
    """
    found = frame[(frame["at"] >= begin) & (frame["at"] <= end)]
    groups = dict(iter(found.groupby("name", sort=False)))
    return {
        series.name: _coverage(series, groups.get(series.name), missing.get(series.name), begin, end)
        for series in table
    }


def _coverage(series: Series, rows: pd.DataFrame | None, why: str | None, begin: float, end: float) -> Coverage:
    if why or rows is None:
        return Coverage(0.0, why or "no value during the run")
    slots = _slots(begin, end, series.every_s)
    per_line = rows.groupby("labels")["at"].nunique() if "instance" in series.by else [rows["at"].nunique()]
    share = min(1.0, float(min(per_line)) / slots)
    return Coverage(share, "" if share >= COVERED_SHARE else f"{share:.0%} of its scrapes are there")


def _slots(begin: float, end: float, every_s: float) -> int:
    """Scrapes that every window of this length holds, whenever in it they fall; at least one."""
    return max(1, math.floor((end - begin) / every_s))


def series_covered(
    frame: pd.DataFrame | None, facts: SeriesFacts | None, begin: float | None, end: float | None
) -> Check:
    """V7 of a run, whose series count from `begin` to `end` (epoch seconds)."""
    if frame is None or facts is None or begin is None or end is None:
        reason = "no series were collected" if facts is None else facts.reason or "the run's times are not known"
        return _v7(Status.UNKNOWN, "no series", [reason])
    bare = {name: one.reason for name, one in coverages(frame, facts.missing, begin, end).items() if one.reason}
    down = _down(frame, begin, end)
    problems = [_examples("no data", [f"{name} ({why})" for name, why in bare.items()]), _examples("down", down)]
    problems.append(_clock_problem(facts.clock_offset_s))
    status = Status.FAIL if any(problems) else Status.PASS
    offset = "unknown" if facts.clock_offset_s is None else f"{round(facts.clock_offset_s * 1000):+d} ms"
    value = f"{len(SERIES) - len(bare)} of {len(SERIES)} series, {len(down)} targets down, clocks {offset}"
    return _v7(status, value, problems)


def _v7(status: Status, value: str, evidence: list[str]) -> Check:
    limit = (
        f"≥ {COVERED_SHARE:.0%}* of the slots ({OWN_S:g} s, exporters {EXPORTERS_S:g} s), all up, clocks {CLOCK_S:g} s"
    )
    return check("V7", "series covered", status, value=value, limit=limit, evidence=[*evidence, "limits claims only"])


def _down(frame: pd.DataFrame, begin: float, end: float) -> list[str]:
    """Targets that did not answer every scrape between the two moments, by instance.

    A value tells of a scrape that may lie `NOW` intervals back: one before the load may be of an earlier run's process.
    """
    ups = frame[(frame["name"] == "up") & (frame["at"] >= begin + NOW * OWN_S) & (frame["at"] <= end)]
    worst = ups.groupby("labels")["value"].min()
    return sorted(str(json.loads(str(labels)).get("instance", labels)) for labels, up in worst.items() if up < 1)


def _clock_problem(offset_s: float | None) -> str:
    if offset_s is None:
        return "Prometheus's clock was not compared"
    return f"Prometheus's clock is {offset_s:+.1f} s off" if abs(offset_s) > CLOCK_S else ""


def _examples(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what}: {', '.join(names[:NAMED])}{more}"
