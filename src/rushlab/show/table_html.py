"""Tables as HTML: every text escaped, notes as numbered footnotes below."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rushlab.show.table import Cell, Table

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """The Jinja environment of all our templates: everything is escaped unless marked safe."""
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def notebook_style() -> str:
    """The style element that goes with each table in a notebook; the page has its own instead."""
    return f"<style>{(TEMPLATES / 'notebook.css').read_text('utf-8')}</style>"


def notebook(table: Table) -> str:
    """A table for a notebook's output, with the little style it needs."""
    return notebook_style() + fragment(table)


def fragment(table: Table) -> str:
    """A table without style."""
    groups = [(name, len(list(columns))) for name, columns in groupby(table.columns, key=lambda column: column.group)]
    template = environment().get_template("table.html.j2")
    return template.render(table=table, groups=groups if any(name for name, _ in groups) else [], classes=classes)


def classes(cell: Cell, number: bool) -> str:
    """CSS classes of a cell."""
    names = ["rl-number" if number else "", f"rl-{cell.tone}" if cell.tone else ""]
    return " ".join(filter(None, names))
