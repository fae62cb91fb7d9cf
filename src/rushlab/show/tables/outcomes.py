"""What became of a profile's requests: slowest, failed, issued, the share of the bound, confirmations, audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rushlab.model.reference import ReferenceProfile
from rushlab.model.results import RunFigures
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables import populations
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
    "confirmed per second": ("confirm_rate_per_s", lambda value: f"{value:,.1f}"),
    "drained after the load, s": ("drain_s", lambda value: f"{value:,.1f}"),
}

#: Label → over which time it counts, where that is not plain.
NOTES = {
    "requests per second": "over k6's whole time, the last pauses of its users included",
    "confirmed per second": "from the first accept to the last confirm",
}

#: Label → the cell of a run, for rows that are no plain field.
Rows = dict[str, Callable[[RunView], Cell]]
P99: Rows = {"p99, ms": lambda view: measured(view, "p99_ms")}
ISSUED: Rows = {
    "issued requests": populations.issued_count,
    "issued requests alone: median, ms": lambda view: populations.issued(view, "median"),
    "issued requests alone: p95, ms": lambda view: populations.issued(view, "p95"),
}
CONFIRM: Rows = {
    "from accept to confirm: median, ms": lambda view: populations.confirm(view, "median"),
    "from accept to confirm: p95, ms": lambda view: populations.confirm(view, "p95"),
}
VERDICTS: Rows = {"audit": audit, "verdict": verdict}

#: What the report gives of these: our field → its field.
PUBLISHED = {"max_ms": "max", "failed": "failed", "bound": "bound_approx", "bound_share": "bound_share"}

#: Figures that say how fast a run was: worth nothing when the run is.
PERFORMANCE = ("max_ms", "rate_per_s", "bound_share", "confirm_rate_per_s")


def outcome(study: Study, profile: str) -> Table:
    """What became of one profile's requests, in one column per variant.

    Slowest request, p99, rate, failures, share of the bound, confirmations, drain and verdicts; the
    issued requests alone where others were answered otherwise (`populations.answers` counts those).
    """
    columns = [Column(ORIGINAL)] if study.beside(profile) else []
    columns += [Column(ours(variant)) for variant in study.variants]
    remarks = (populations.ALL_ISSUED,) if populations.all_issued(study, profile) else ()
    rows = tuple(_rows(study, profile))
    return Table(f"{profile}: what became of the requests", "", tuple(columns), rows, remarks)


def _rows(study: Study, profile: str) -> Iterator[Row]:
    after = {"slowest, ms": P99, "confirmed": CONFIRM, "drained after the load, s": VERDICTS}
    if populations.mixed(study, profile):
        after["success rate"] = ISSUED
    for label, (field, write) in FIGURES.items():
        yield Row(label, _line(study, profile, field, write), NOTES.get(label, ""))
        for name, cell in after.get(label, {}).items():
            yield Row(name, _cells(study, profile, cell))


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
    return Cell(write(value), value=value, note=_origin(reference) if field.startswith("bound") else "")


def _origin(reference: ReferenceProfile) -> str:
    """Where the original's bound comes from."""
    if reference.stages_are:
        return "the original's stages are inferred from its count here, so this is no evidence"
    return "computed from the original's stages; its pause of 1 s is inferred"


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
