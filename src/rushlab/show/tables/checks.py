"""Every check and invariant of a run: its status, what was found, its limit and the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rushlab.model.verdict import Check, Status
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import badge
from rushlab.show.units import UNKNOWN
from rushlab.show.views import RunView, Study

COLUMNS = tuple(Column(name, number=False) for name in ("status", "value", "limit", "evidence"))

LIMITS = "Limits marked * are conventions: settings with these defaults."


def checks(view: RunView) -> Table:
    """All checks (may the run be believed?) and invariants (did the service keep its promises?), NA last."""
    found = view.run.verdict.checks if view.run.verdict else ()
    invariants = view.run.audit.invariants if view.run.audit else ()
    groups = {
        "May the run be believed?": [check for check in found if check.status is not Status.NA],
        "Did the service keep its promises?": [check for check in invariants if check.status is not Status.NA],
        "Does not apply here": [check for check in (*found, *invariants) if check.status is Status.NA],
    }
    rows = [row for heading, those in groups.items() for row in _group(heading, those)]
    return Table("Checks and invariants", "check", COLUMNS, tuple(rows), tuple(_remarks(view)))


#: What a reader of the figures must know: in this order.
SPEAKING = (Status.FAIL, Status.UNKNOWN, Status.WARN)


def reservations(study: Study) -> Table | None:
    """Check by check what qualifies which run: all that is FAIL, UNKNOWN or WARN; None where nothing is."""
    found: dict[str, list[Row]] = {}
    for view in study:
        for check in (*_of(view.run.verdict, "checks"), *_of(view.run.audit, "invariants")):
            if check.status in SPEAKING:
                found.setdefault(f"{check.id} {check.title}", []).append(Row(view.label, _cells(check)))
    rows = [row for name in sorted(found, key=_number) for row in (Row(name), *found[name])]
    return Table("What qualifies these runs", "run", COLUMNS, tuple(rows), (LIMITS,)) if rows else None


def _of(judged: Any, name: str) -> tuple[Check, ...]:
    return getattr(judged, name) if judged else ()


def _number(name: str) -> tuple[str, int]:
    """Invariants before checks, each by its number."""
    identity = name.partition(" ")[0]
    return identity[:1], int(identity[1:]) if identity[1:].isdigit() else 0


def _group(heading: str, found: Iterable[Check]) -> list[Row]:
    rows = [Row(f"{check.id} {check.title}", _cells(check)) for check in found]
    return [Row(heading), *rows] if rows else []


def _cells(check: Check) -> tuple[Cell, ...]:
    return (badge(check.status), *(_text(text) for text in (check.value, check.limit, check.evidence)))


def _text(text: str) -> Cell:
    return Cell(text or UNKNOWN, tone="name" if text else "quiet")


def _remarks(view: RunView) -> Iterator[str]:
    if view.run.verdict is None:
        yield f"The run was not judged: {view.run.problem or 'it has no verdict'}."
    if view.run.audit is None:
        yield "The run was not audited."
    if view.run.verdict or view.run.audit:
        yield LIMITS
