"""The figures of `rushlab ingest`: k6's names, units and values, for every metric and sub-metric."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from rushlab.model.errors import PointsError
from rushlab.world.files import identity
from rushlab.world.points_line import Declaration, declaration_of
from rushlab.world.points_reader import read_notes
from rushlab.world.points_sql import Points, Selection, Totals, opened
from rushlab.world.summary import Summary

SCHEMA = 1
#: More names than any real test has; a file beyond it is a defect of its script (an id in a metric's name).
MAX_METRICS = 10_000
#: k6 makes this sub-metric in every test, and prints it only when it has points.
_AUTOMATIC = "http_req_duration{expected_response:true}"
_SHARES = {"med": 0.5, "p(90)": 0.9, "p(95)": 0.95}


class _Clock(Struct, frozen=True):
    """What a counter's rate is divided by."""

    seconds: float | None
    source: str


class _Metric(Struct, frozen=True):
    """What the points hold of a metric or sub-metric; percentiles of a trend only."""

    name: str
    kind: str
    totals: Totals
    percentiles: tuple[float, ...] = ()


class _Reading(Struct, frozen=True):
    """A points file, read once for all figures of it."""

    lines: int
    points: int
    span_s: float | None
    metrics: tuple[_Metric, ...]
    warnings: tuple[str, ...]


def figures(parquet: Path, summary: Summary | None = None) -> dict[str, Any]:
    """The JSON of `rushlab ingest` (docs/schemas/ingest.schema.json).

    A counter's rate is exact when k6's summary is given (k6 divides by its own duration of the test);
    without it the span of the points is taken and `rate_source` says so. A Gauge's `value` is the
    value k6 took in last, which need not be the latest time stamp.

    Raises
    ------
    PointsError
        The file has more metrics and sub-metrics than the limit.
    ResultError
        `parquet` is not there or is no points file.
    """
    notes = read_notes(parquet)
    read = _read(parquet, identity(parquet))
    clock = _clock(summary, read.span_s)
    metrics = {metric.name: _values(metric, clock) for metric in read.metrics}
    return {
        "schema": SCHEMA,
        "metrics": metrics,
        "lines": read.lines,
        "points": read.points,
        "truncated": notes.truncated,
        "warnings": [*notes.warnings, *read.warnings, *_unknown_values(metrics), *_other_run(metrics, summary)],
    }


def disagreements(found: dict[str, Any], summary: Summary, *, relative: float = 1e-9) -> list[str]:
    """Where the figures of the points and k6's own summary differ, as sentences (check V2).

    Every value that both have is compared; counts exactly, the others within `relative`.
    """
    differences = []
    for name, values in summary.metrics.items():
        ours = found["metrics"].get(name)
        if ours is None:
            if _has_samples(values):
                differences.append(f"{name} is in the summary, not in the points")
            continue
        for key, theirs in values.items():
            if ours.get(key) is not None and not _same(key, ours[key], theirs, relative):
                differences.append(f"{name} {key}: {ours[key]!r} in the points, {theirs!r} in the summary")
    return differences


_COUNTS = """
SELECT count(*), count_if(declaration IS NULL), epoch_us(max(time)) / 1e6 - epoch_us(min(time)) / 1e6 FROM lines
"""


def _clock(summary: Summary | None, span_s: float | None) -> _Clock:
    if summary is not None and summary.test_run_duration_ms:
        return _Clock(summary.test_run_duration_ms / 1000, "summary")
    return _Clock(span_s or None, "points span")


@lru_cache(maxsize=1)
def _read(parquet: Path, told_by: tuple[int, ...]) -> _Reading:
    """The file is told by its identity too, so that another one at this path is read anew."""
    warnings: list[str] = []
    with opened(parquet) as points:
        lines, count, span_s = points.rows(_COUNTS)[0]
        metrics = tuple(_metrics(points, warnings))
    return _Reading(lines, count, span_s, metrics, tuple(warnings))


def _metrics(points: Points, warnings: list[str]) -> Iterator[_Metric]:
    names = points.rows("SELECT count(DISTINCT metric) FROM points")[0][0]
    _limit(names)
    declared = _declarations(points)
    _limit(names + sum(len(subs) for _, subs in declared.values()))
    totals = dict(sorted(points.totals().items()))
    trends = {metric: total.count for metric, total in totals.items() if declared.get(metric, ([],))[0] == ["trend"]}
    percentiles = points.percentiles_of(trends, list(_SHARES.values()))
    for metric, total in totals.items():
        kinds, submetrics = declared.get(metric, ([], {}))
        if len(kinds) != 1:
            told = f"is declared as {' and as '.join(kinds)}" if kinds else "has no Metric line"
            warnings.append(f"{metric} {told}, so its kind is not known: left out")
            continue
        whole = _Metric(metric, kinds[0], total, tuple(percentiles.get(metric, ())))
        yield whole
        for name, tags in submetrics.items():
            found = _submetric(points, whole, name, tags)
            if found.totals.count == 0 and name == _AUTOMATIC:
                continue
            if found.totals.count == 0:
                warnings.append(f"{name} has no points: its zeros are what k6 prints for that")
            yield found


def _submetric(points: Points, whole: _Metric, name: str, tags: tuple[tuple[str, str], ...]) -> _Metric:
    selection = Selection(whole.name, tags)
    totals = points.totals_of(selection)
    if totals.count == whole.totals.count:  # they are the same points
        return structs.replace(whole, name=name)
    if whole.kind != "trend" or not totals.count:
        return _Metric(name, whole.kind, totals)
    return _Metric(name, whole.kind, totals, tuple(points.percentiles(selection, totals.count, list(_SHARES.values()))))


def _declarations(points: Points) -> dict[str, tuple[list[str], dict[str, tuple[tuple[str, str], ...]]]]:
    """Kinds and sub-metrics (name → tags) by metric.

    A repeated declaration adds its sub-metrics, and its kind where it says another: joined files can.
    """
    declared: dict[str, tuple[list[str], dict[str, tuple[tuple[str, str], ...]]]] = {}
    rows = points.rows(f"SELECT DISTINCT declaration FROM lines WHERE declaration IS NOT NULL LIMIT {MAX_METRICS + 1}")
    _limit(len(rows))
    for (text,) in sorted(rows):
        entry = _declaration(text)
        kinds, submetrics = declared.setdefault(entry.name, ([], {}))
        if entry.type not in kinds:
            kinds.append(entry.type)
        submetrics.update({sub.name: tuple((sub.tags or {}).items()) for sub in entry.submetrics or []})
    return declared


def _declaration(text: str) -> Declaration:
    try:
        return declaration_of(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PointsError("The points have a Metric line that is not k6's", str(error)) from error


def _limit(metrics: int) -> None:
    if metrics > MAX_METRICS:
        raise PointsError(f"The points have more than {MAX_METRICS:,} metrics", "a metric's name holds an id, it seems")


def _values(metric: _Metric, clock: _Clock) -> dict[str, Any]:
    kind, totals = metric.kind, metric.totals
    if kind == "trend":
        return _trend(metric)
    if kind == "counter":
        rate = totals.total / clock.seconds if clock.seconds else None
        return {"count": _whole(totals.total), "rate": _finite(rate), "rate_source": clock.source}
    if kind == "rate":
        passes = totals.nonzero
        share = passes / totals.count if totals.count else 0
        return {"rate": share, "passes": passes, "fails": totals.count - passes}
    return {"value": _whole(totals.last), "min": _whole(totals.minimum), "max": _whole(totals.maximum)}


def _trend(metric: _Metric) -> dict[str, Any]:
    totals = metric.totals
    percentiles = dict(zip(_SHARES, metric.percentiles or [0.0] * len(_SHARES), strict=True))
    return {
        "count": totals.count,
        "avg": _finite(totals.total / totals.count if totals.count else 0.0),
        "min": totals.minimum,
        "med": percentiles["med"],
        "max": totals.maximum,
        "p(90)": percentiles["p(90)"],
        "p(95)": percentiles["p(95)"],
    }


def _unknown_values(metrics: dict[str, Any]) -> list[str]:
    """Why a value is null."""
    unknown = [f"{name} {key}" for name, values in metrics.items() for key, value in values.items() if value is None]
    no_time = [name for name in unknown if name.endswith(" rate")]
    too_large = [name for name in unknown if not name.endswith(" rate")]
    warnings = (
        [f"no rate for {len(no_time)} counters: the points span no time and no summary was given"] if no_time else []
    )
    return warnings + [f"{name} is beyond the range of a double" for name in too_large]


def _other_run(metrics: dict[str, Any], summary: Summary | None) -> list[str]:
    """A warning when the summary counts other requests or iterations than the points hold."""
    if summary is None:
        return []
    told = {name: summary.metrics.get(name, {}).get("count") for name in ("http_reqs", "iterations")}
    ours = {name: metrics.get(name, {}).get("count", 0) for name in told}
    return [
        f"the summary counts {count:,.0f} {name}, the points {ours[name]:,}: points are missing or it is another run's"
        for name, count in told.items()
        if count is not None and count != ours[name]
    ]


def _same(key: str, ours: float, theirs: float, relative: float) -> bool:
    if key in ("count", "passes", "fails"):
        return math.isclose(ours, theirs, rel_tol=0 if float(theirs).is_integer() else relative)
    return math.isclose(ours, theirs, rel_tol=relative, abs_tol=1e-12)


def _has_samples(values: dict[str, float]) -> bool:
    return any(value != 0 for value in values.values())


def _whole(number: float) -> float | int | None:
    """A whole number as one, as k6 prints it."""
    return int(number) if number.is_integer() else _finite(number)


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
