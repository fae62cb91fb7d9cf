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

#: The column of the figures that are struck out, each with its reason.
STRUCK_OUT = "struck out"

#: What a spreadsheet would take for a formula.
FORMULA = re.compile(r"^[=+\-@\t\r]")


def files(study: Study) -> dict[str, str]:
    """Name of a file → its text, for every table that the study has; the checks where it is of one run."""
    return {f"{name}.csv": text(table) for name, table in _tables(study)}


def text(table: Table) -> str:
    """One table: a column for the heading a row stands under, where there are any; notes and remarks are left out.

    What stands beside a number (its unit, met or missed) follows in columns of its own. A figure that is struck out on
    the page (its run is INVALID or failed its audit) leaves its place empty, so that no sum or mean takes it in; it
    stands with the reason in the column `struck out`, which a table without such figures does not have.
    """
    headed = any(row.heading for row in table.rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    beside = _beside(table)
    writer.writerow([*(["part"] if headed else []), table.corner or "figure", *_names(table, beside)])
    part = ""
    for row in table.rows:
        part = row.label if row.heading else part
        if not row.heading:
            writer.writerow([*([_safe(part)] if headed else []), _safe(row.label), *_values(row, beside)])
    return out.getvalue()


def _beside(table: Table) -> list[list[str]]:
    """Of each column, the names of what stands beside its numbers."""
    columns = zip(*(row.cells for row in table.rows if not row.heading), strict=True)
    found = [list(dict.fromkeys(name for cell in cells for name in _texts(cell))) for cells in columns]
    return found or [[] for _ in table.columns]


def _texts(cell: Cell) -> dict[str, str]:
    """What stands beside a cell's number: column → text."""
    struck = {STRUCK_OUT: "; ".join(filter(None, (cell.text, cell.note)))} if cell.tone == "void" else {}
    return dict(cell.beside) | struck


def _names(table: Table, beside: list[list[str]]) -> list[str]:
    names = [": ".join(filter(None, (column.group, column.name))) for column in table.columns]
    return [
        text for name, more in zip(names, beside, strict=True) for text in (name, *(f"{name}: {one}" for one in more))
    ]


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


def _values(row: Row, beside: list[list[str]]) -> list[str | int | float]:
    return [
        text
        for cell, more in zip(row.cells, beside, strict=True)
        for text in (_value(cell), *(_safe(_texts(cell).get(name, "")) for name in more))
    ]


def _value(cell: Cell) -> str | int | float:
    """The number behind a cell; nothing where there is none, or where it is struck out."""
    if cell.tone == "void":
        return ""
    if cell.value is None:
        return "" if cell.text == UNKNOWN else _safe(cell.text)
    return _safe(cell.value) if isinstance(cell.value, str) else cell.value


def _safe(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:60] or "profile"
