"""How a sale went that ended: when the last coupon was gone, who was told so, and how fast each answer was."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from rushlab.show import support, units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import absent, badge, blank, ours, unknown
from rushlab.show.tables.populations import OUTCOMES
from rushlab.show.tables.response import weighed
from rushlab.show.views import RunView, Study

if TYPE_CHECKING:
    import pandas as pd

ISSUED, SOLD_OUT = "issued", "sold_out"

#: The audit's invariant on the honesty of "sold out".
HONEST = "I13"

TIMES = ("median", "p95", "p99", "max")

NEVER = "the stock lasted to the end"


def sale(study: Study, profile: str) -> Table | None:
    """The course of a sale per variant; None where nobody was told "sold out"."""
    if not any(_of(view, SOLD_OUT) is not None for view in _views(study, profile).values() if view):
        return None
    rows = tuple(Row(label, _line(study, profile, cell)) for label, cell in LINES.items())
    return Table(f"{profile}: the sale", "", tuple(Column(ours(variant)) for variant in study.variants), rows)


def by_outcome(study: Study, profile: str) -> Table | None:
    """Response times of each population apart; None where all requests had one and the same outcome."""
    views = _views(study, profile)
    known = [view.populations for view in views.values() if view and view.populations is not None]
    outcomes = [name for name in OUTCOMES if any((frame["outcome"] == name).any() for frame in known)]
    if len(outcomes) < 2:
        return None
    heads = ("requests", *(f"{figure}, ms" for figure in TIMES))
    columns = tuple(Column(name, ours(variant)) for variant in views for name in heads)
    rows = tuple(
        Row(OUTCOMES[name], tuple(cell for view in views.values() for cell in _times(view, profile, name)))
        for name in outcomes
    )
    remark = f"Populations are never mixed: a quick refusal would flatter the slow promises; {support.rule()}."
    return Table(f"{profile}: response time by answer", "answer", columns, rows, (remark,))


def _views(study: Study, profile: str) -> dict[str, RunView | None]:
    return {variant: study.view(variant, profile) for variant in study.variants}


def _line(study: Study, profile: str, cell: Callable[[RunView], Cell]) -> tuple[Cell, ...]:
    return tuple(cell(view) if view else absent(profile) for view in _views(study, profile).values())


def _of(view: RunView, outcome: str) -> pd.Series[float] | None:
    """The row of one population; None where nobody had that answer, or it is not known."""
    if view.populations is None:
        return None
    rows = view.populations[view.populations["outcome"] == outcome]
    return None if rows.empty else rows.iloc[0]


def _count(outcome: str) -> Callable[[RunView], Cell]:
    def cell(view: RunView) -> Cell:
        row = _of(view, outcome)
        count = 0 if row is None else int(row["requests"])
        return unknown("not recorded") if view.populations is None else Cell(units.count(count), value=count)

    return cell


def _moment(outcome: str, which: str) -> Callable[[RunView], Cell]:
    def cell(view: RunView) -> Cell:
        row = _of(view, outcome)
        if row is None or _of(view, SOLD_OUT) is None:
            return unknown(NEVER if view.populations is not None else "not recorded")
        return _struck(view, f"{row[which]:,.2f}", float(row[which]))

    return cell


def _struck(view: RunView, text: str, value: float) -> Cell:
    return Cell(text, value=value, tone="void" if view.objection else "", note=view.objection or "")


def _pace(view: RunView) -> Cell:
    row = _of(view, ISSUED)
    if row is None or _of(view, SOLD_OUT) is None or row["last"] <= row["first"]:
        return unknown(NEVER if view.populations is not None else "not recorded")
    pace = float(row["requests"] / (row["last"] - row["first"]))
    return _struck(view, f"{pace:,.1f}", pace)


def _users(view: RunView) -> Cell:
    row = _of(view, ISSUED)
    if row is None or _of(view, SOLD_OUT) is None:
        return unknown(NEVER if view.populations is not None else "not recorded")
    if math.isnan(row["last_vus"]):
        return unknown("the points have no iterations")
    users = round(float(row["last_vus"]))
    return Cell(units.count(users), value=users)


def _honest(view: RunView) -> Cell:
    found = next((one for one in (view.run.audit.invariants if view.run.audit else ()) if one.id == HONEST), None)
    if found is None:
        return unknown(f"run {view.run.id} was not audited")
    return badge(found.status, f"{HONEST} {found.title}: {found.value}; allowed {found.limit} ({found.evidence})")


LINES: dict[str, Callable[[RunView], Cell]] = {
    "coupons issued": _count(ISSUED),
    "last coupon promised, s after the start": _moment(ISSUED, "last"),
    "first “sold out”, s after the start": _moment(SOLD_OUT, "first"),
    "virtual users at the last coupon": _users,
    "coupons per second, first to last": _pace,
    "requests told “sold out”": _count(SOLD_OUT),
    "is “sold out” honest?": _honest,
}


def _times(view: RunView | None, profile: str, outcome: str) -> list[Cell]:
    if view is None:
        return [absent(profile), *[blank()] * len(TIMES)]
    row = _of(view, outcome)
    if row is None:
        return [Cell("0", value=0, tone="quiet"), *[blank()] * len(TIMES)]
    count = int(row["requests"])
    return [Cell(units.count(count), value=count), *(_time(view, row, figure, count) for figure in TIMES)]


def _time(view: RunView, row: pd.Series[float], figure: str, count: int) -> Cell:
    value = float(row[f"{figure}_ms"])
    if view.objection:
        return Cell(units.milliseconds(value), value=value, tone="void", note=view.objection)
    return weighed(value, count, figure)
