"""The report's tables of section 5: its figures, ours, and the ratio."""

from __future__ import annotations

from rushlab.model.reference import ReferenceProfile
from rushlab.model.results import RunFigures
from rushlab.show import support, units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import REPORT, absent, unknown
from rushlab.show.views import RunView, Study

#: The report's order of columns: its name for a figure → our field.
TIMES = {"mean": "mean_ms", "median": "median_ms", "p95": "p95_ms", "p90": "p90_ms"}


def latency(study: Study, profile: str) -> Table:
    """Mean, median, p95, p90 (ms, all requests) and total requests of one profile.

    Ratios are ours over the report's: of times at any scale (the column names it), of counts at full
    scale only. A run that is INVALID or fails its audit gets no ratio.
    """
    rows = [Row(f"{figure}, ms", _line(study, profile, figure)) for figure in TIMES]
    rows.append(Row("total requests", _line(study, profile, "requests")))
    remark = f"{profile} · scale {study.scale_label} · response times over all requests; {support.rule()}."
    return Table(f"{profile}: response time and requests", "", _columns(study, profile), tuple(rows), (remark,))


def _columns(study: Study, profile: str) -> tuple[Column, ...]:
    columns = [Column("published", REPORT)] if study.beside(profile) else []
    for variant in study.variants:
        columns.append(Column("measured", variant))
        if study.beside(profile):
            columns.append(Column(f"against the original, scale {study.scale_label}", variant))
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
        return unknown("the report gives none")
    note = f"the report prints {value:.2f}s, which can only be ms: a median cannot exceed its p90"
    if figure == "mean":
        note = f"the report prints {value:.2f}s, which can only be ms: its text says {value:.0f} ms"
    return Cell(units.as_printed(value), value=value, note=note if figure in reference.corrected else "")


def measured(view: RunView, figure: str) -> Cell:
    """Our figure, as far as its samples and its run allow."""
    field = TIMES.get(figure, figure)
    value = getattr(view.figures, field) if view.figures else None
    if view.figures is None or value is None:
        return unknown(view.reason(field))
    if figure == "requests":
        return Cell(units.count(value), value=value, tone="void" if view.objection else "", note=view.objection or "")
    return _time(view, view.figures, figure, value)


def _time(view: RunView, figures: RunFigures, figure: str, value: float) -> Cell:
    text = units.milliseconds(value)
    if view.objection:
        return Cell(text, value=value, tone="void", note=view.objection)
    strength = support.support(figures.requests, figure)
    if strength == "too few":
        tail = support.beyond(figures.requests, support.QUANTILES[figure])
        return Cell("too few", tone="quiet", note=f"{tail:.1f} of {figures.requests} requests lie beyond {figure}")
    return Cell(text, value=value, tone="quiet" if strength == "grey" else "")


def _ratio(study: Study, view: RunView | None, figure: str, theirs: float | None) -> Cell:
    field = TIMES.get(figure, figure)
    ours = getattr(view.figures, field) if view and view.figures else None
    if view is None or view.objection or theirs is None or not ours:
        return Cell(units.UNKNOWN, tone="quiet")
    if figure != "requests":
        return _time_ratio(measured(view, figure), ours / theirs)
    if study.scale != 1:
        return unknown("counts compare at full scale only: at another scale the ramps are steeper, it is another test")
    return Cell(units.amount(ours / theirs), value=ours / theirs)


def _time_ratio(own: Cell, ratio: float) -> Cell:
    if own.value is None:
        return Cell(units.UNKNOWN, tone="quiet")
    return Cell(units.speed(ratio), value=ratio, tone=own.tone)
