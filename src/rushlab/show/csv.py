"""Every table of a study as CSV: numbers unrounded, texts as they stand, one file per table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator

from rushlab.show import tables
from rushlab.show.table import Cell, Row, Table
from rushlab.show.units import UNKNOWN
from rushlab.show.views import Study

#: Tables of the whole study.
WHOLE: dict[str, Callable[[Study], Table | None]] = {
    "verdicts": tables.summary,
    "reservations": tables.reservations,
    "audit-counts": tables.counts,
    "guesses": tables.guesses,
    "environment": tables.environment,
    "thresholds": tables.thresholds,
    "onset": tables.onset,
    "steeper-against-milder": tables.steps,
    "cpu-per-request": tables.costs,
    "settings": tables.settings,
    "provenance": tables.provenance,
}

#: Tables of each profile.
PER_PROFILE: dict[str, Callable[[Study, str], Table | None]] = {
    "response-time": tables.latency,
    "requests": tables.outcome,
    "answers": tables.answers,
    "sale": tables.sale,
    "by-answer": tables.by_outcome,
    "accept-and-confirm": tables.halves,
    "stages": tables.stages,
    "inside-the-service": tables.inside,
}

#: What a spreadsheet would take for a formula.
FORMULA = re.compile(r"^[=+\-@\t\r]")


def files(study: Study) -> dict[str, str]:
    """Name of a file → its text, for every table that the study has; the checks where it is of one run."""
    return {f"{name}.csv": text(table) for name, table in _tables(study)}


def text(table: Table) -> str:
    """One table: a column for the heading a row stands under, where there are any; notes and remarks are left out."""
    headed = any(row.heading for row in table.rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [": ".join(filter(None, (column.group, column.name))) for column in table.columns]
    writer.writerow([*(["part"] if headed else []), table.corner or "figure", *names])
    part = ""
    for row in table.rows:
        part = row.label if row.heading else part
        if not row.heading:
            writer.writerow([*([_safe(part)] if headed else []), _safe(row.label), *_values(row)])
    return out.getvalue()


def _tables(study: Study) -> Iterator[tuple[str, Table]]:
    for name, make in WHOLE.items():
        if (table := make(study)) is not None:
            yield name, table
    for profile in study.profiles:
        for name, of_profile in PER_PROFILE.items():
            if (table := of_profile(study, profile)) is not None:
                yield f"{_slug(profile)}-{name}", table
    views = list(study)
    if len(views) == 1:
        yield "checks", tables.checks(views[0])


def _values(row: Row) -> list[str | int | float]:
    return [_value(cell) for cell in row.cells]


def _value(cell: Cell) -> str | int | float:
    """The number behind a cell; nothing where there is none."""
    if cell.value is None:
        return "" if cell.text == UNKNOWN else _safe(cell.text)
    return _safe(cell.value) if isinstance(cell.value, str) else cell.value


def _safe(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:60] or "profile"
