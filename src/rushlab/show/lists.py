"""What the command line prints besides runs and reports: lists of runs, servers, findings, checks, metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from rushlab.model.verdict import Audit, Check, Status
from rushlab.show import units
from rushlab.show.tables.cells import TONES
from rushlab.show.terminal import STYLES

if TYPE_CHECKING:
    import pandas as pd


def columns(heads: Iterable[str], rows: Iterable[Sequence[Any]]) -> RenderableType:
    """Rows under plain heads; numbers to the right, statuses in their colour, None as a dash."""
    drawn = Grid(header_style="dim", box=None, pad_edge=False)
    listed = [list(row) for row in rows]
    for position, head in enumerate(heads):
        numeric = bool(listed) and all(isinstance(row[position], int | float | None) for row in listed)
        drawn.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        drawn.add_row(*map(_cell, row))
    return drawn


def catalogue(frame: pd.DataFrame) -> RenderableType:
    """`ls`: one line per run, newest first (columns of world.catalogue.RUNS)."""
    if frame.empty:
        return Text("No runs yet: `rushlab run smoke` makes one.")
    heads = ("run", "scale", "state", "verdict", "audit", "requests", "p95, ms", "of bound")
    wanted = ("id", "scale", "state", "validity", "audit", "requests", "p95_ms", "bound_share")
    known = frame.astype(object).where(frame.notna(), None)
    rows = [
        [*row[:5], _whole(row[5]), units.milliseconds(row[6]), units.percent(row[7])] for row in _rows(known, wanted)
    ]
    return columns(heads, rows)


def audit(result: Audit) -> RenderableType:
    """Every invariant with value, limit and evidence, then the counts."""
    counts = Text("  ".join(f"{name} {units.UNKNOWN if n is None else f'{n:,}'}" for name, n in result.counts.items()))
    return Group(checks(result.invariants), Text(), counts)


def checks(found: Iterable[Check]) -> RenderableType:
    """Checks of a verdict or an audit, one per line; those that do not apply share the last line."""
    listed = list(found)
    heads = ("check", "", "status", "value", "limit", "evidence")
    made = [(c.id, c.title, str(c.status), c.value, c.limit, c.evidence) for c in listed if c.status is not Status.NA]
    left = [f"{c.id} {c.title} ({c.value})" for c in listed if c.status is Status.NA]
    note = [Text("not applied: " + ", ".join(left), style="dim")] if left else []
    return Group(columns(heads, made), *note)


def ingest(figures: Mapping[str, Any]) -> RenderableType:
    """`rushlab ingest` without --json: a line per metric and sub-metric, k6's names and units."""
    rows = [(name, "  ".join(_pairs(values))) for name, values in figures["metrics"].items()]
    told = [Text(f"warning: {text}", style="yellow") for text in figures["warnings"]]
    cut = " (cut short: the last line is not whole)" if figures["truncated"] else ""
    return Group(columns(("metric", "values"), rows), Text(f"{figures['points']:,} points{cut}", style="dim"), *told)


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}={value:,.6g}" if isinstance(value, float | int) else f"{name}={value}"
        for name, value in values.items()
    ]


def _rows(frame: pd.DataFrame, names: Sequence[str]) -> Iterable[list[Any]]:
    return frame[list(names)].to_numpy().tolist()


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _cell(value: Any) -> Text:
    if value is None:
        return Text(units.UNKNOWN, style="dim")
    if isinstance(value, int | float):
        return Text(f"{value:,}")
    text = str(value)
    return Text(text, style=STYLES[TONES.get(text, TONES.get(text.upper(), ""))])
