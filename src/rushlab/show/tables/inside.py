"""Where the response time went inside the service: each stage's share, per variant."""

from __future__ import annotations

from rushlab.judge.inside import REST, shares
from rushlab.show import units
from rushlab.show.run_series import NEVER
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import absent, blank, ours, unknown
from rushlab.show.views import RunView, Study

#: Stages as the service names them, in the order in which a request meets them, and what each is.
STAGES = {
    "lock": "waiting for the coupon's lock in Redis",
    "redis": "the decision in Redis",
    "group": "waiting for a place in a commit",
    "pool": "waiting for a database connection",
    "write": "statements, row locks included",
    "commit": "the commit",
    REST: "the rest: the event loop's turn, the request itself",
}

REMARK = (
    "As the service timed itself, over every answer. A commit that many requests share counts for each of them. "
    "Outside the service, and not in here: the network, and the load generator's own wait."
)


def inside(study: Study, profile: str) -> Table:
    """Stages of a request of one profile: share of all response time inside the service, and ms per request."""
    views = {variant: study.view(variant, profile) for variant in study.variants}
    columns = tuple(Column(name, group=ours(variant)) for variant in views for name in ("share", "ms per request"))
    found = [_stages(view, profile) for view in views.values()]
    rows = tuple(
        Row(label, tuple(cell for stages in found for cell in stages(stage))) for stage, label in STAGES.items()
    )
    return Table(f"{profile}: where the time went inside the service", "stage", columns, rows, (REMARK,))


class _Stages:
    """The cells of one run by stage."""

    def __init__(self, cells: dict[str, tuple[Cell, Cell]], otherwise: Cell) -> None:
        self._cells = cells
        self._otherwise = otherwise

    def __call__(self, stage: str) -> tuple[Cell, Cell]:
        return self._cells.get(stage, (self._otherwise, self._otherwise))


def _stages(view: RunView | None, profile: str) -> _Stages:
    if view is None:
        return _Stages({}, absent(profile))
    if view.series is None or view.series.frame is None:
        return _Stages({}, unknown(view.series.reason if view.series else NEVER))
    found = shares(view.series.frame, view.series.begin, view.series.end)
    if found is None:
        return _Stages({}, unknown("the service's own sums are not known from its begin to its end"))
    rows = zip(found["stage"], found["share"], found["ms"], strict=True)
    return _Stages({stage: _cells(view, share, ms) for stage, share, ms in rows if share}, blank())


def _cells(view: RunView, share: float, ms: float) -> tuple[Cell, Cell]:
    void: Tone = "void" if view.objection else ""
    note = view.objection or ""
    return (
        Cell(units.percent(share), value=share, tone=void, note=note),
        Cell(units.milliseconds(ms), value=ms, tone=void, note=note),
    )
