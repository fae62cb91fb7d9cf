"""The verdicts: may these runs be believed, and did they meet their thresholds?"""

from __future__ import annotations

from collections import Counter

from rushlab.model.verdict import Check, Status
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import audit, unknown, verdict
from rushlab.show.views import RunView, Study

COLUMNS = (
    Column("verdict", number=False),
    Column("audit", number=False),
    Column("accepted"),
    Column("confirmed"),
    Column("lost"),
    Column("p95, ms"),
    Column("thresholds met"),
    Column("checks and invariants", number=False),
)


def summary(study: Study) -> Table:
    """One row per run: verdict with its reason, audit with its counts, thresholds, statuses."""
    rows: list[Row] = []
    for profile in study.profiles:
        rows.append(Row(profile))
        views = [study.view(variant, profile) for variant in study.variants]
        rows += [Row(view.run.variant, _cells(view)) for view in views if view]
    remarks = tuple(f"Missing: {sentence}" for sentence in study.missing)
    return Table("Verdict and audit of each run", "run", COLUMNS, tuple(rows), remarks)


def _cells(view: RunView) -> tuple[Cell, ...]:
    counts = view.run.audit.counts if view.run.audit else {}
    return (
        verdict(view),
        audit(view),
        *(_count(view, counts, name) for name in ("accepted", "confirmed", "lost")),
        _p95(view),
        _met(view),
        statuses(view),
    )


def _count(view: RunView, counts: dict[str, int | None], name: str) -> Cell:
    value = counts.get(name)
    if value is None:
        return unknown(view.reason(name))
    return Cell(units.count(value), value=value, tone="bad" if name == "lost" and value else "")


def _p95(view: RunView) -> Cell:
    from rushlab.show.tables.latency import measured

    return measured(view, "p95")


def _met(view: RunView) -> Cell:
    results = view.figures.thresholds if view.figures else ()
    if not results:
        return unknown(view.reason("thresholds"))
    met = sum(result.passed is True for result in results)
    return Cell(f"{met} of {len(results)}", value=met, tone="" if met == len(results) else "bad")


def statuses(view: RunView) -> Cell:
    """How many checks and invariants have each status, PASS first."""
    checks: list[Check] = [*(view.run.verdict.checks if view.run.verdict else ())]
    checks += view.run.audit.invariants if view.run.audit else ()
    found = Counter(check.status for check in checks)
    text = ", ".join(f"{found[status]} {status}" for status in Status if found[status])
    return Cell(text, value=text, tone="quiet") if text else unknown("nothing was checked")
