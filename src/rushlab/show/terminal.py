"""What the command line prints: runs, lists and reports as rich renderables, hostile text as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from rushlab.model.run import Run
from rushlab.show import units
from rushlab.show.findings import findings
from rushlab.show.table import Cell, Table
from rushlab.show.tables import latency, outcome, summary
from rushlab.show.tables.cells import TONES
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
        drawn.add_row(Text(row.label, style="bold" if row.heading else ""), *cells)
    notes = [Text(f"  {number} {note}", style="dim") for number, note in enumerate(table.notes, 1)]
    return Group(drawn, *notes, *(Text(f"  {remark}", style="dim") for remark in table.remarks))


def _cell(table: Table, cell: Cell) -> Text:
    text = Text(cell.text, style=STYLES[cell.tone])
    return text.append(f" ({table.mark(cell.note)})", style="dim") if cell.note else text


def listing(runs: Sequence[Run]) -> RenderableType:
    """`ls`: one line per run, in the order given."""
    drawn = Grid(header_style="dim", box=None, pad_edge=False)
    for name in ("run", "profile", "variant", "scale", "started", "state", "verdict", "audit"):
        drawn.add_column(name, overflow="fold")
    drawn.add_column("p95, ms", justify="right")
    for run in runs:
        drawn.add_row(*_listed(run))
    return drawn


def _listed(run: Run) -> list[Text]:
    verdict = str(run.verdict.validity) if run.verdict else units.UNKNOWN
    audit = str(run.audit.verdict) if run.audit else units.UNKNOWN
    p95 = (run.figures or {}).get("p95_ms")
    plain = (run.id, run.profile.name, run.variant, f"{run.scale:g}", units.moment(run.timing.started), str(run.state))
    judged = [Text(text, style=STYLES[TONES.get(text, "")]) for text in (verdict, audit)]
    return [*map(Text, plain), *judged, Text(units.milliseconds(p95))]


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
