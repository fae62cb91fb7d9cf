"""The report's tables of section 5: its figures, ours, and the ratio."""

from __future__ import annotations

from rushlab.judge.headline import Weight
from rushlab.model.reference import ReferenceProfile
from rushlab.show import support, units
from rushlab.show.claims import doubt
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import ORIGINAL, absent, blank, ours, unknown
from rushlab.show.views import RunView, Study

#: The report's order of columns: its name for a figure → our field.
TIMES = {"mean": "mean_ms", "median": "median_ms", "p95": "p95_ms", "p90": "p90_ms"}

COUNTS_DIFFER = "counts compare at full scale only: at another scale the ramps are steeper, it is another test"


def latency(study: Study, profile: str) -> Table:
    """Mean, median, p95, p90 (ms, all requests) and total requests of one profile.

    Ratios are ours over the original's: of times at any scale (the column names it), of counts at
    full scale only. A run that is not VALID, fails its audit or misses a threshold on failures gets no ratio.
    """
    rows = [Row(f"{figure}, ms", _line(study, profile, figure)) for figure in TIMES]
    rows.append(Row("total requests", _line(study, profile, "requests")))
    remark = f"Scale {study.scale_label}; times over all requests; {support.rule()}."
    return Table(f"{profile}: response time and requests", "", _columns(study, profile), tuple(rows), (remark,))


def _columns(study: Study, profile: str) -> tuple[Column, ...]:
    columns = [Column("published", ORIGINAL)] if study.beside(profile) else []
    for variant in study.variants:
        columns.append(Column("measured", ours(variant)))
        if study.beside(profile):
            columns.append(Column(f"against original, {study.scale_label}", ours(variant)))
    return tuple(columns)


def _line(study: Study, profile: str, figure: str) -> tuple[Cell, ...]:
    reference = study.beside(profile)
    cells = [published(reference, figure)] if reference else []
    for variant in study.variants:
        view = study.view(variant, profile)
        cells.append(measured(view, figure) if view else absent(profile))
        if reference:
            cells.append(_ratio(study, view, figure, getattr(reference, figure)))
    return tuple(cells)


def published(reference: ReferenceProfile, figure: str) -> Cell:
    """A figure of the report; a corrected unit is marked."""
    value = getattr(reference, figure)
    if value is None:
        return unknown("the original gives none")
    return Cell(units.as_printed(value), value=value, note=_correction(reference, figure, value))


def _correction(reference: ReferenceProfile, figure: str, value: float) -> str:
    if figure not in reference.corrected:
        return ""
    why = "a median cannot exceed its p90" if figure == "median" else f"its text says {value:.0f} ms"
    return f"corrected: the original prints {value:.2f}s, which can only be ms; {why}"


def measured(view: RunView, figure: str) -> Cell:
    """Our figure, as far as its samples and its run allow."""
    field = TIMES.get(figure, figure)
    value = getattr(view.figures, field) if view.figures else None
    if view.figures is None or value is None:
        return unknown(view.reason(field))
    if view.objection:
        text = units.count(value) if figure == "requests" else units.milliseconds(value)
        return Cell(text, value=value, tone="void", note=view.objection)
    if figure == "requests":
        return Cell(units.count(value), value=value)
    return weighed(value, view.figures.requests, figure.removesuffix("_ms"))


def weighed(value: float, samples: int, figure: str, what: str = "requests") -> Cell:
    """A time in ms as loudly as its samples allow; `figure` is mean, median, p90, p95, p99 or max."""
    weight = support.support(samples, figure)
    if weight is Weight.TOO_FEW:
        return Cell("too few", tone="quiet", note=support.shortage(samples, figure, what))
    return Cell(units.milliseconds(value), value=value, tone="quiet" if weight is Weight.GREY else "")


def _ratio(study: Study, view: RunView | None, figure: str, theirs: float | None) -> Cell:
    own = measured(view, figure) if view else blank()
    if view is None or own.tone == "void" or theirs is None or not isinstance(own.value, int | float) or not own.value:
        return blank()
    if why := doubt(view):
        return unknown(why)
    if figure != "requests":
        return Cell(units.speed(own.value / theirs), value=own.value / theirs, tone=own.tone)
    if study.scale != 1:
        return unknown(COUNTS_DIFFER)
    return Cell(units.amount(own.value / theirs), value=own.value / theirs)
