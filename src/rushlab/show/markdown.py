"""Tables as Markdown, for a pull request."""

from __future__ import annotations

from rushlab.show.findings import findings
from rushlab.show.questions import questions
from rushlab.show.several import escape
from rushlab.show.table import Cell, Row, Table
from rushlab.show.tables import (
    answers,
    by_outcome,
    guesses,
    latency,
    onset,
    outcome,
    reservations,
    sale,
    stages,
    steps,
    summary,
    thresholds,
)
from rushlab.show.views import Study


def report(study: Study) -> str:
    """The study as one Markdown document: what is missing, answers, findings, verdicts, every profile's tables."""
    parts = [f"# Performance report, scale {escape(study.scale_label)}"]
    if study.partial:
        parts.append("**This report is partial.**\n\n" + "\n".join(f"- {escape(text)}" for text in study.missing))
    for asked, replies in questions(study).replies.items():
        parts.append(f"**{asked}**\n\n" + "\n".join(f"- {escape(reply.sentence)}" for reply in replies))
    found = findings(study)
    parts.append("\n".join(f"- {escape(item.sentence)}" for item in found) or "Nothing was found.")
    tables: list[Table | None] = [
        summary(study),
        reservations(study),
        guesses(study),
        thresholds(study),
        onset(study),
        steps(study),
    ]
    makers = (latency, outcome, answers, sale, by_outcome, stages)
    tables += [make(study, profile) for profile in study.profiles for make in makers]
    return "\n\n".join([*parts, *(table(one) for one in tables if one is not None)]) + "\n"


def table(content: Table) -> str:
    """One table in GitHub's pipe form, its notes below."""
    heads = [": ".join(filter(None, (column.group, column.name))) for column in content.columns]
    rules = ["---", *("---:" if column.number else "---" for column in content.columns)]
    lines = [_line([content.corner, *heads]), f"| {' | '.join(rules)} |"]
    lines += [_row(content, row) for row in content.rows]
    notes = [f"{number}. {escape(note)}" for number, note in enumerate(content.notes, 1)]
    remarks = [escape(remark) for remark in content.remarks]
    return "\n\n".join(filter(None, (f"**{escape(content.caption)}**", "\n".join(lines), "\n".join(notes), *remarks)))


def _row(content: Table, row: Row) -> str:
    mark = _mark(content, row.note)
    if row.heading:
        return f"| **{escape(row.label)}**{mark} |{'  |' * len(content.columns)}"
    cells = [f"{_struck(cell)}{_mark(content, cell.note)}" for cell in row.cells]
    return f"| {' | '.join([f'{escape(row.label)}{mark}', *cells])} |"


def _struck(cell: Cell) -> str:
    """A cell's text, struck out where it supports no claim."""
    return f"~~{escape(cell.text)}~~" if cell.tone == "void" else escape(cell.text)


def _mark(content: Table, note: str) -> str:
    return f" ({content.mark(note)})" if note else ""


def _line(texts: list[str]) -> str:
    return f"| {' | '.join(escape(text) for text in texts)} |"
