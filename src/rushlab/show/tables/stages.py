"""The stages of a profile, one row each: requests, virtual users, response times; a rate where the load is held."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rushlab.model.verdict import Status
from rushlab.show import support, units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import absent, blank, ours, unknown
from rushlab.show.tables.response import weighed
from rushlab.show.views import RunView, Study

if TYPE_CHECKING:
    import pandas as pd

TIMES = ("median", "p90", "p95", "p99")
COLUMNS = ("requests", "mean VUs", *(f"{figure}, ms" for figure in TIMES), "answered/s")

RAMPING = "ramping"
WHY_RAMPING = "while the number of users changes there is no rate to hold; these are the figures of a moving load"
NONE_HELD = "This profile holds no load: it is a pure ramp, so its whole-run figures are of a moving load, too."
AT_WORK = "Mean VUs: the users at work, by the time that their iterations took, pauses included."
CUT = "A request belongs to the stage in which it began, and counts for the rate where it was answered"


def stages(study: Study, profile: str) -> Table | None:
    """Per stage and variant; None where the profile has a single stage, or no run knows its stages."""
    views = {variant: study.view(variant, profile) for variant in study.variants}
    known = next((view.stages for view in views.values() if view and view.stages is not None), None)
    if known is None or len(known) < 2:
        return None
    columns = tuple(Column(name, ours(variant)) for variant in views for name in COLUMNS)
    rows = tuple(_row(views, profile, stage, plan) for stage, plan in enumerate(known.to_dict("records")))
    held = () if known["plateau"].any() else (NONE_HELD,)
    remarks = (*held, f"{CUT}; {support.rule()}.", AT_WORK)
    remarks += tuple(_late(view) for view in views.values() if view and _after(view))
    return Table(f"{profile}: stage by stage", "stage", columns, rows, remarks)


def _after(view: RunView) -> int:
    """Requests that began when the plan was over: in the graceful stop."""
    if view.figures is None or view.stages is None:
        return 0
    return view.figures.requests - int(view.stages["requests"].sum())


def _late(view: RunView) -> str:
    return f"{ours(view.run.variant)}: {units.plural(_after(view), 'request')} began after the last stage, in no row."


def _row(views: dict[str, RunView | None], profile: str, stage: int, plan: dict[Any, Any]) -> Row:
    cells = [cell for view in views.values() for cell in (_cells(view, stage) if view else _only(absent(profile)))]
    return Row(label(plan), tuple(cells))


def label(plan: dict[Any, Any]) -> str:
    """A stage's time and users: `0:30–1:30, 1,000 VUs held`."""
    users = f"{int(plan['to_vus']):,d} VUs held"
    if not plan["plateau"]:
        users = f"{int(plan['from_vus']):,d} to {int(plan['to_vus']):,d} VUs"
    return f"{units.clock(plan['start_s'])}–{units.clock(plan['end_s'])}, {users}"


def _cells(view: RunView, stage: int) -> list[Cell]:
    if view.stages is None or stage >= len(view.stages):
        return _only(unknown("the stages of this run are not known"))
    row = view.stages.iloc[stage]
    requests = int(row["requests"])
    return [
        Cell(units.count(requests), value=requests),
        _users(row),
        *(_time(view, row, figure, requests) for figure in TIMES),
        _rate(view, row),
    ]


def _only(first: Cell) -> list[Cell]:
    return [first, *[blank()] * (len(COLUMNS) - 1)]


def _users(row: pd.Series[float]) -> Cell:
    mean = float(row["mean_vus"])
    return unknown("the points have no iterations") if math.isnan(mean) else Cell(f"{mean:,.0f}", value=mean)


def _time(view: RunView, row: pd.Series[float], figure: str, requests: int) -> Cell:
    value = float(row[f"{figure}_ms"])
    if math.isnan(value):
        return unknown("no request began in it")
    if view.objection:
        return Cell(units.milliseconds(value), value=value, tone="void", note=view.objection)
    return weighed(value, requests, figure)


def _rate(view: RunView, row: pd.Series[float]) -> Cell:
    if not row["plateau"]:
        return Cell(RAMPING, tone="quiet", note=WHY_RAMPING)
    rate = float(row["rate_per_s"])
    if view.objection:
        return Cell(f"{rate:,.1f}", value=rate, tone="void", note=view.objection)
    return Cell(f"{rate:,.1f}", value=rate, note=_unsteady(view))


def _unsteady(view: RunView) -> str:
    """What V8 says against a held rate; empty when nothing."""
    found = next((check for check in (view.run.verdict.checks if view.run.verdict else ()) if check.id == "V8"), None)
    if found is None or found.status not in (Status.WARN, Status.FAIL):
        return ""
    return f"V8, {found.title}: {found.value}"
