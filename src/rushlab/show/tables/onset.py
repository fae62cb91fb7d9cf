"""When each run got into trouble: time, virtual users and rate."""

from __future__ import annotations

from collections.abc import Callable

from rushlab.judge.onset import SECONDS, Onset
from rushlab.show import trouble, units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import absent, blank, ours, unknown
from rushlab.show.views import RunView, Study

NO_SERIES = "no series say what the requests inside the service waited for at that moment"


def onset(study: Study) -> Table:
    """Per profile and variant the onset of trouble: second, VUs, requests answered in it, how long it lasted."""
    columns = tuple(Column(fact, ours(variant)) for variant in study.variants for fact in FACTS)
    rows = [Row(profile, _cells(study, profile)) for profile in study.profiles]
    return Table("Onset of trouble", "profile", columns, tuple(rows), (_rule(study),))


def _rule(study: Study) -> str:
    limits = dict.fromkeys(units.duration(limit) for view in study if (limit := trouble.limit_of(view)) is not None)
    told = " or ".join(limits) or "its threshold"
    return f"The first of {SECONDS} or more seconds in a row whose p95 was over {told}; requests count when answered."


def _cells(study: Study, profile: str) -> tuple[Cell, ...]:
    views = [study.view(variant, profile) for variant in study.variants]
    return tuple(cell for view in views for cell in (_facts(view) if view else _only(absent(profile))))


def _facts(view: RunView) -> list[Cell]:
    if view.objection:
        return _only(unknown(view.objection))
    found = trouble.onset_of(view)
    if found is None:
        known = trouble.limit_of(view) is not None and view.timeline is not None
        return _only(Cell("never", value="never", tone="quiet") if known else unknown(trouble.no_onset(view)))
    return [cell(view, found) for cell in FACTS.values()]


def _only(first: Cell) -> list[Cell]:
    return [first, *[blank()] * (len(FACTS) - 1)]


def _resource(view: RunView, found: Onset) -> Cell:
    first = trouble.first_resource(view, found)
    if first is None:
        return unknown(NO_SERIES)
    name, share = first
    note = f"{units.percent(share)} of the requests in a stage of the service were there, {trouble.AROUND_S} s around"
    return Cell(name, value=name, note=note, beside=(("share", f"{share:.4g}"),))


def _number(value: int) -> Cell:
    return Cell(units.count(value), value=value)


#: What is said of an onset: column → its cell.
FACTS: dict[str, Callable[[RunView, Onset], Cell]] = {
    "from second": lambda _, found: Cell(units.count(found.second), value=found.second),
    "VUs": lambda _, found: unknown("the points have no iterations") if found.vus is None else _number(found.vus),
    "requests/s": lambda _, found: _number(found.rate_per_s),
    "for seconds": lambda _, found: _number(found.lasted_s),
    "seconds over, in all": lambda _, found: _number(found.over_s),
    "first resource": _resource,
}
