"""The verdicts: may these runs be believed, and did they meet their thresholds?"""

from __future__ import annotations

from rushlab.model.verdict import Check, Status
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import audit, unknown, verdict
from rushlab.show.tables.response import measured
from rushlab.show.views import RunView, Study

COLUMNS = (
    Column("verdict", number=False),
    Column("audit", number=False),
    Column("checks and invariants", number=False),
    Column("requests"),
    Column("p95, ms"),
    Column("thresholds met"),
)

#: What an audit counts, in this order; others follow as they come.
COUNTS = ("attempts", "accepted", "confirmed", "lost", "unexpected", "duplicated", "oversold", "recovered", "leaked")

#: Counts that must be 0.
FAULTS = ("lost", "unexpected", "duplicated", "oversold")


def summary(study: Study) -> Table:
    """One row per run: verdict with its reason, audit, statuses, requests, p95, thresholds met."""
    rows = tuple(Row(view.label, _cells(view)) for view in study)
    remarks = tuple(f"Missing: {sentence}" for sentence in study.missing)
    return Table("Verdict and audit of each run", "run", COLUMNS, rows, remarks)


def counts(study: Study) -> Table:
    """What the audit of each run counted, printed when it passed, too."""
    found = [name for view in study if view.run.audit for name in view.run.audit.counts]
    names = [name for name in dict.fromkeys((*COUNTS, *found)) if name in found]
    rows = tuple(Row(view.label, tuple(_count(view, name) for name in names)) for view in study)
    return Table("What the audits counted", "run", tuple(Column(name.replace("_", " ")) for name in names), rows)


def _cells(view: RunView) -> tuple[Cell, ...]:
    figures = (measured(view, "requests"), measured(view, "p95"), _met(view))
    return (verdict(view), audit(view), statuses(view), *figures)


def _count(view: RunView, name: str) -> Cell:
    value = view.run.audit.counts.get(name) if view.run.audit else None
    if value is None:
        return unknown("the audit could not count these" if view.run.audit else f"run {view.run.id} was not audited")
    return Cell(units.count(value), value=value, tone="bad" if name in FAULTS and value else "")


def _met(view: RunView) -> Cell:
    results = view.figures.thresholds if view.figures else ()
    if not results:
        return unknown(view.reason("thresholds"))
    met = sum(result.passed is True for result in results)
    beside = (("of", str(len(results))),)
    return Cell(f"{met} of {len(results)}", value=met, tone="" if met == len(results) else "bad", beside=beside)


def statuses(view: RunView) -> Cell:
    """How many checks and invariants have each status, PASS first; those that failed or lack evidence by name."""
    checks: list[Check] = [*(view.run.verdict.checks if view.run.verdict else ())]
    checks += view.run.audit.invariants if view.run.audit else ()
    found = {status: [check.id for check in checks if check.status is status] for status in Status}
    text = ", ".join(f"{len(ids)} {status}{_named(status, ids)}" for status, ids in found.items() if ids)
    return Cell(text, value=text, tone="quiet") if text else unknown("nothing was checked")


def _named(status: Status, ids: list[str]) -> str:
    return f" ({', '.join(ids)})" if status in (Status.FAIL, Status.UNKNOWN) else ""
