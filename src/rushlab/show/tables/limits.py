"""Which thresholds were met: by the original report, and by us."""

from __future__ import annotations

from collections.abc import Callable

from rushlab.judge.thresholds import parse
from rushlab.model.reference import ReferenceProfile
from rushlab.model.results import ThresholdResult
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import ORIGINAL, absent, blank, ours, unknown
from rushlab.show.views import RunView, Study

#: What the report gives of http_req_duration, by k6's name for it.
AGGREGATES: dict[str, Callable[[ReferenceProfile], float | None]] = {
    "avg": lambda reference: reference.mean,
    "med": lambda reference: reference.median,
    "p(90)": lambda reference: reference.p90,
    "p(95)": lambda reference: reference.p95,
    "max": lambda reference: reference.max,
}

WORDS: dict[bool | None, tuple[str, Tone]] = {
    True: ("✓ met", ""),
    False: ("✗ missed", "bad"),
    None: ("undecided", "warn"),
}
FROM_FAILURES = "from the original's sentence that no request of the load test failed"


def thresholds(study: Study) -> Table:
    """Every threshold of every profile: the original's value and ours, met or missed."""
    rows: list[Row] = []
    for profile in study.profiles:
        rows += [Row(profile), *_rows(study, profile)]
    columns = (Column(ORIGINAL), *(Column(ours(variant)) for variant in study.variants))
    return Table("Thresholds", "threshold", columns, tuple(rows))


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
        return unknown((found and found.reason) or view.reason("thresholds"))
    if view.objection:
        return Cell(value(found), value=found.value, tone="void", note=view.objection)
    return judged(found)


def judged(result: ThresholdResult, note: str = "") -> Cell:
    """A threshold's value with met or missed in words."""
    word, tone = WORDS[result.passed]
    beside = (("unit", "ms" if result.metric.endswith("duration") else "share"), ("result", word.strip("✓✗ ")))
    return Cell(f"{value(result)} {word}", value=result.value, tone=tone, note=note, beside=beside)


def value(result: ThresholdResult) -> str:
    """What a threshold judged, with its unit."""
    return units.duration(result.value) if result.metric.endswith("duration") else units.percent(result.value)


def _theirs(reference: ReferenceProfile | None, metric: str, text: str) -> Cell:
    published = _published(reference, metric, text) if reference else None
    if published is None:
        return blank()
    threshold = parse(text)
    passed = threshold.holds(published) if threshold else None
    result = ThresholdResult(metric=metric, expression=text, value=published, passed=passed)
    return judged(result, "" if metric == "http_req_duration" else FROM_FAILURES)


def _published(reference: ReferenceProfile, metric: str, text: str) -> float | None:
    if metric == "http_req_duration":
        threshold = parse(text)
        return (
            AGGREGATES[threshold.aggregation](reference) if threshold and threshold.aggregation in AGGREGATES else None
        )
    if reference.failed is None or not reference.requests:
        return None
    share = reference.failed / reference.requests
    return {"http_req_failed": share, "success_rate": 1 - share}.get(metric)
