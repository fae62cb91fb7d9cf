"""Which thresholds were met: by the report, and by us."""

from __future__ import annotations

import re

from rushlab.model.reference import ReferenceProfile
from rushlab.model.results import ThresholdResult
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import REPORT, absent, unknown
from rushlab.show.views import RunView, Study

EXPRESSION = re.compile(r"\s*(?:p\((?P<quantile>[\d.]+)\)|\w+)\s*(?P<operator>[<>]=?)\s*(?P<limit>[\d.]+)\s*$")


def thresholds(study: Study) -> Table:
    """Every threshold of every profile: its limit, the report's value, ours, met or missed."""
    rows: list[Row] = []
    for profile in study.profiles:
        rows += [Row(profile), *_rows(study, profile)]
    columns = (Column(REPORT), *(Column(variant) for variant in study.variants))
    remark = "The report states a failure count for the load test only; its success rate is taken from that."
    return Table("Thresholds", "threshold", columns, tuple(rows), (remark,))


def _rows(study: Study, profile: str) -> list[Row]:
    views = {variant: study.view(variant, profile) for variant in study.variants}
    first = next(view for view in views.values() if view)
    wanted = [(metric, text) for metric, texts in first.run.profile.thresholds.items() for text in texts]
    return [
        Row(f"{metric} {text}", (_theirs(study.beside(profile), metric, text), *_ours(views, profile, metric, text)))
        for metric, text in wanted
    ]


def _ours(views: dict[str, RunView | None], profile: str, metric: str, text: str) -> list[Cell]:
    return [_own(view, metric, text) if view else absent(profile) for view in views.values()]


def _own(view: RunView, metric: str, text: str) -> Cell:
    results = view.figures.thresholds if view.figures else ()
    found = next((one for one in results if (one.metric, one.expression) == (metric, text)), None)
    if found is None or found.value is None:
        return unknown(view.reason("thresholds"))
    return judged(found)


def judged(result: ThresholdResult) -> Cell:
    """A threshold's value with met or missed in words."""
    text = units.duration(result.value) if result.metric.endswith("duration") else units.percent(result.value)
    if result.passed is None:
        return Cell(f"{text} unknown", value=result.value, tone="warn")
    word = "✓ met" if result.passed else "✗ missed"
    return Cell(f"{text}  {word}", value=result.value, tone="" if result.passed else "bad")


def _theirs(reference: ReferenceProfile | None, metric: str, text: str) -> Cell:
    value = _published(reference, metric, text) if reference else None
    if value is None:
        return Cell(units.UNKNOWN, tone="quiet")
    return judged(ThresholdResult(metric=metric, expression=text, value=value, passed=_holds(value, text)))


def _published(reference: ReferenceProfile, metric: str, text: str) -> float | None:
    if metric == "http_req_duration":
        found = EXPRESSION.match(text)
        return getattr(reference, f"p{found['quantile']}", None) if found and found["quantile"] else None
    if reference.failed is None or not reference.requests:
        return None
    share = reference.failed / reference.requests
    return {"http_req_failed": share, "success_rate": 1 - share}.get(metric)


def _holds(value: float, text: str) -> bool | None:
    found = EXPRESSION.match(text)
    if not found:
        return None
    limit = float(found["limit"])
    tests = {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}
    return tests[found["operator"]]
