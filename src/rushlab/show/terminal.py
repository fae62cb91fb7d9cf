"""Runs and reports for the terminal, as rich renderables; hostile text stays text."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from rushlab.show.findings import findings
from rushlab.show.table import Cell, Table
from rushlab.show.tables import latency, outcome, summary
from rushlab.show.views import RunView, Study

STYLES = {
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "quiet": "dim",
    "void": "dim strike",
    "name": "",
    "": "",
}


def grid(table: Table) -> RenderableType:
    """A table with its notes, for the terminal."""
    drawn = Grid(title=Text(table.caption), title_justify="left", header_style="dim", box=None, pad_edge=False)
    drawn.add_column(Text(table.corner))
    for column in table.columns:
        label = "\n".join(filter(None, (column.group, column.name)))
        drawn.add_column(Text(label), justify="right" if column.number else "left", overflow="fold")
    for row in table.rows:
        cells = [_cell(table, cell) for cell in row.cells]
        drawn.add_row(_noted(table, Text(row.label, style="bold" if row.heading else ""), row.note), *cells)
    notes = [Text(f"  {number} {note}", style="dim") for number, note in enumerate(table.notes, 1)]
    return Group(drawn, *notes, *(Text(f"  {remark}", style="dim") for remark in table.remarks))


def _cell(table: Table, cell: Cell) -> Text:
    return _noted(table, Text(cell.text, style=STYLES[cell.tone]), cell.note)


def _noted(table: Table, text: Text, note: str) -> Text:
    return Text.assemble(text, (f" ({table.mark(note)})", "dim")) if note else text


def run_summary(view: RunView, study: Study) -> RenderableType:
    """One run after it ended: its figures and outcome (`study` may hold just this run)."""
    name = view.run.profile.name
    problem = [Text(view.run.problem, style="bold red")] if view.run.problem else []
    return Group(grid(latency(study, name)), Text(), grid(outcome(study, name)), *problem)


def report_summary(study: Study) -> RenderableType:
    """A report's end: what is missing, the verdicts, the findings."""
    parts: list[RenderableType] = [grid(summary(study)), Text()]
    parts += [Text(f"• {item.sentence}", style=STYLES[item.tone]) for item in findings(study)]
    if study.partial:
        parts.append(Text("This report is partial.", style="bold red"))
    return Group(*parts)
