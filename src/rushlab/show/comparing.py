"""Comparisons of variants: a verdict sentence each, and a table of the facts behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from rushlab.model.comparison import Comparison, Design, Outcome
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.terminal import STYLES, grid

TONES: dict[Outcome | None, Tone] = {
    Outcome.BETTER: "good",
    Outcome.WORSE: "bad",
    Outcome.EQUIVALENT: "",
    Outcome.INCONCLUSIVE: "warn",
    None: "void",
}
VERBS = {
    Outcome.BETTER: "is better than",
    Outcome.WORSE: "is worse than",
    Outcome.EQUIVALENT: "is equivalent to",
    Outcome.INCONCLUSIVE: "against",
}
ORDERS = {
    Design.RANDOMISED: "order random",
    Design.UNKNOWN: "order unknown",
    Design.NOT_INTERLEAVED: "not interleaved",
    Design.FIXED: "order fixed",
}
COLUMNS = ("verdict", "ratio", "95 % interval", "differs", "matters", "blocks", "p", "could see", "blocks for margin")


def sentence(found: Comparison) -> str:
    """One sentence: the verdict, how much, over how many blocks; or why there is none."""
    who, base = _printable(found.variant), _printable(found.baseline)
    if found.verdict is None:
        return f"{who} against {base}: no verdict, {found.reason}."
    blocks = units.plural(found.k, "block")
    how = f"over {blocks}, {ORDERS[found.design]}"
    if found.verdict is Outcome.INCONCLUSIVE:
        return f"{who} against {base} is inconclusive: {found.reason} ({how})."
    return f"{who} {VERBS[found.verdict]} {base}: {found.reason}, {how}."


def table(comparisons: Sequence[Comparison]) -> Table:
    """A row per comparison; ratios are variant / baseline."""
    several = len({found.metric for found in comparisons}) > 1
    rows = [
        Row(_printable(f"{found.variant}, {found.metric}" if several else found.variant), _cells(found))
        for found in comparisons
    ]
    first = comparisons[0]
    caption = f"Against {_printable(first.baseline)} ({first.better} is better, margin {units.percent(first.margin)})"
    return Table(
        caption, "variant", tuple(Column(name) for name in COLUMNS), tuple(rows), remarks=_remarks(comparisons)
    )


def summary(comparisons: Sequence[Comparison]) -> RenderableType:
    """For the terminal: the table, a sentence each, what is to be kept in mind."""
    said = [Text(sentence(found), style=STYLES[TONES[found.verdict]].replace("strike", "")) for found in comparisons]
    notes = [Text(f"  {note}", style="dim") for found in comparisons for note in _notes(found)]
    return Group(grid(table(comparisons)), Text(), *said, *notes)


def _cells(found: Comparison) -> tuple[Cell, ...]:
    interval = found.interval
    return (
        Cell(found.verdict or "no verdict", found.verdict, TONES[found.verdict] if found.verdict else "quiet"),
        _number(found.ratio, ".3f"),
        Cell(units.UNKNOWN if interval is None else f"{interval[0]:.3f} – {interval[1]:.3f}"),
        _fact(found.differs),
        _fact(found.matters),
        Cell(str(found.k), found.k),
        _number(found.p, ".3g", found.p_reason or ""),
        Cell(units.percent(found.resolution), found.resolution),
        Cell(units.count(found.blocks_needed), found.blocks_needed),
    )


def _number(value: float | None, digits: str, note: str = "") -> Cell:
    return Cell(units.UNKNOWN if value is None else f"{value:{digits}}", value, note=note)


def _fact(fact: bool | None) -> Cell:
    return Cell(units.UNKNOWN if fact is None else "yes" if fact else "no", fact)


def _remarks(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    return (
        "could see: the smallest change that these blocks see with 80 % power; "
        f"blocks for margin: what a change of {units.percent(comparisons[0].margin)} needs for that.",
    )


def _notes(found: Comparison) -> Iterator[str]:
    who = _printable(found.variant)
    for warning in found.warnings:
        yield f"{who}: {warning}"
    for one in found.excluded:
        yield f"{who}: block {_printable(one.block)} is excluded ({_printable(one.variant)}: {one.reason})"


def _printable(text: str) -> str:
    """Names come from anywhere: no control character reaches the terminal, none takes a screen."""
    clean = "".join(sign if sign.isprintable() else "�" for sign in text)
    return clean if len(clean) <= 60 else f"{clean[:59]}…"
