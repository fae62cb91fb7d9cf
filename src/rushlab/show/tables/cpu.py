"""What a confirmed request costs: CPU time of every process, load generator included."""

from __future__ import annotations

from collections.abc import Mapping

from rushlab.judge.failing import REFUSED
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import absent, ours, unknown
from rushlab.show.views import RunView, Study

#: What the machine did in all is no part of the sum, and the workbench is no part of what is measured.
HOST, WORKBENCH = "host", "workbench"
SUM = "all but the workbench"

#: Convention: below so many confirmed coupons the servers' idling outweighs the work, and there is no cost of one.
LEAST = 100

REMARK = (
    "CPU time, user and system, from just before the load until everything had drained, divided by the confirmed "
    f"coupons; below {LEAST}* of them it would be the cost of idle servers, and none is given. The whole machine "
    "includes work that has nothing to do with this run; of k6 all is counted, from its start to its end, a little "
    "longer than of the machine."
)


def cost(study: Study, profile: str) -> Table:
    """CPU per confirmed request of one profile: one row per process, seconds and milliseconds per variant."""
    views = {variant: study.view(variant, profile) for variant in study.variants}
    columns = tuple(
        Column(name, group=ours(variant)) for variant in views for name in ("CPU, s", "per confirmed request, ms")
    )
    rows = (
        Row(label, tuple(cell for view in views.values() for cell in _cells(view, profile, name)))
        for name, label in _processes(list(views.values()))
    )
    return Table(f"{profile}: CPU per confirmed request", "process", columns, tuple(rows), (REMARK,))


def costs(study: Study) -> Table:
    """CPU per confirmed request in milliseconds: one row per run, one column per process, the dearest first."""
    named = _processes(list(study))
    columns = tuple(Column(label) for _, label in named)
    rows = tuple(Row(view.label, tuple(_cells(view, "", name)[1] for name, _ in named)) for view in study)
    return Table("CPU per confirmed request, ms", "run of", columns, rows, (REMARK,))


def _processes(views: list[RunView | None]) -> list[tuple[str, str]]:
    """(name, label) of every row: the dearest process first, then the sum and what is beside it."""
    used: dict[str, float] = {}
    for view in views:
        for name, seconds in ((view.run.cpu_s if view else None) or {}).items():
            used[name] = max(used.get(name, 0.0), seconds)
    named = sorted(set(used) - {HOST, WORKBENCH}, key=lambda name: -used[name])
    return [*((name, name) for name in named), (SUM, SUM), (WORKBENCH, WORKBENCH), (HOST, "the whole machine")]


def _cells(view: RunView | None, profile: str, name: str) -> tuple[Cell, Cell]:
    if view is None:
        return (absent(profile),) * 2
    if view.run.cpu_s is None:
        return (unknown(view.run.cpu_reason or "not recorded"),) * 2
    seconds = used(view.run.cpu_s, name)
    if seconds is None:
        return (unknown(f"{name} did not run"),) * 2
    return Cell(f"{seconds:,.2f}", value=seconds), _per_request(view, seconds)


def used(cpu_s: Mapping[str, float], name: str) -> float | None:
    """CPU seconds of a process, or of all that the measured requests cost."""
    if name == SUM:
        return sum(seconds for process, seconds in cpu_s.items() if process not in (HOST, WORKBENCH))
    return cpu_s.get(name)


def _per_request(view: RunView, seconds: float) -> Cell:
    confirmed = view.figures.confirmed if view.figures else None
    if not confirmed:
        return unknown("nothing was confirmed" if confirmed == 0 else view.reason("confirmed"))
    if confirmed < LEAST:
        return unknown(f"only {units.plural(confirmed, 'coupon')} confirmed: mostly the cost of idle servers")
    value = 1000 * seconds / confirmed
    if view.objection:
        return Cell(f"{value:.3f}", value=value, tone="void", note=view.objection)
    return Cell(f"{value:.3f}", value=value, note=_refusals(view))


def _refusals(view: RunView) -> str:
    """What a sale that ended spent on others; empty where nobody was refused."""
    outcomes = view.figures.outcomes if view.figures else {}
    refused = sum(outcomes.get(name, 0) for name in REFUSED)
    return f"the cost of {units.plural(refused, 'refusal')} (409, 410) is in it" if refused else ""
