"""What became of a profile's requests: slowest, failed, the share of the bound, confirmations, audit."""

from __future__ import annotations

from collections.abc import Callable

from rushlab.model.reference import ReferenceProfile
from rushlab.model.results import RunFigures
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import ORIGINAL, absent, audit, blank, ours, unknown, verdict
from rushlab.show.tables.response import measured
from rushlab.show.views import RunView, Study

#: label → (field of RunFigures, how it is written)
FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "slowest, ms": ("max_ms", units.milliseconds),
    "requests per second": ("rate_per_s", lambda value: f"{value:,.1f}"),
    "failed": ("failed", lambda value: units.count(int(value))),
    "success rate": ("success_rate", units.percent),
    "requests the schedule allows (bound)": ("bound", lambda value: units.count(int(value))),
    "share of the bound": ("bound_share", units.percent),
    "confirmed": ("confirmed", lambda value: units.count(int(value))),
    "drained after the load, s": ("drain_s", lambda value: f"{value:,.1f}"),
}

#: What the report gives of these: our field → its field.
PUBLISHED = {"max_ms": "max", "failed": "failed", "bound": "bound_approx", "bound_share": "bound_share"}

#: Figures that say how fast a run was: worth nothing when the run is.
PERFORMANCE = ("max_ms", "rate_per_s", "bound_share")


def outcome(study: Study, profile: str) -> Table:
    """Slowest request, p99, rate, failures, share of the bound, confirmations, drain and verdicts of one profile."""
    reference = study.beside(profile)
    rows = [Row(label, _line(study, profile, field, write)) for label, (field, write) in FIGURES.items()]
    rows.insert(1, Row("p99, ms", _cells(study, profile, lambda view: measured(view, "p99_ms"))))
    rows.append(Row("audit", _cells(study, profile, audit)))
    rows.append(Row("verdict", _cells(study, profile, verdict)))
    columns = [Column(ORIGINAL)] if reference else []
    columns += [Column(ours(variant)) for variant in study.variants]
    return Table(f"{profile}: what became of the requests", "", tuple(columns), tuple(rows))


def _line(study: Study, profile: str, field: str, write: Callable[[float], str]) -> tuple[Cell, ...]:
    reference = study.beside(profile)
    cells = _cells(study, profile, lambda view: _own(view, field, write))
    return (_published(reference, field, write), *cells[1:]) if reference else cells


def _cells(study: Study, profile: str, cell: Callable[[RunView], Cell]) -> tuple[Cell, ...]:
    views = [study.view(variant, profile) for variant in study.variants]
    own = tuple(cell(view) if view else absent(profile) for view in views)
    return (blank(), *own) if study.beside(profile) else own


def _published(reference: ReferenceProfile, field: str, write: Callable[[float], str]) -> Cell:
    value = getattr(reference, PUBLISHED[field]) if field in PUBLISHED else None
    if value is None:
        return blank()
    note = "computed from the report's stages; its pause of 1 s is inferred" if field.startswith("bound") else ""
    return Cell(write(value), value=value, note=note)


def _own(view: RunView, field: str, write: Callable[[float], str]) -> Cell:
    value = getattr(view.figures, field) if view.figures else None
    if view.figures is None or value is None:
        return unknown(view.reason(field))
    if view.objection and field in PERFORMANCE:
        return Cell(write(value), value=value, tone="void", note=view.objection)
    return Cell(write(value), value=value, tone=_tone(view.figures, field))


def _tone(figures: RunFigures, field: str) -> Tone:
    unconfirmed = field == "confirmed" and figures.confirmed != figures.outcomes.get("issued")
    return "bad" if unconfirmed or (field == "failed" and figures.failed) else ""
