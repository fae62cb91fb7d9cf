"""Comparisons of variants: a verdict sentence each, and a table of the facts behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.text import Text

from rushlab.model.comparison import Comparison, Design, Exclusion, Outcome
from rushlab.model.metric import METRICS
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


def exploratory(comparisons: Sequence[Comparison]) -> bool:
    """Whether no plan declared any of them."""
    return not any(found.declared for found in comparisons)


def tables(comparisons: Sequence[Comparison]) -> Iterator[Table]:
    """A table for each metric and each that others are held against: direction and margin hold for all of its rows."""
    alike: dict[tuple[str, str], list[Comparison]] = {}
    for found in comparisons:
        alike.setdefault((found.metric, found.baseline), []).append(found)
    yield from map(table, alike.values())


def table(comparisons: Sequence[Comparison]) -> Table:
    """A row per comparison of one metric with one baseline; ratios are variant / baseline.

    What is to be kept in mind of them, and what was left out, stands below.
    """
    first, mixed = comparisons[0], not exploratory(comparisons)
    rows = [Row(_label(found, mixed=mixed), _cells(found)) for found in comparisons]
    title = METRICS[first.metric].title if first.metric in METRICS else ""
    against = f"{title} against" if title else "Against"
    facts = f"{first.better} is better, margin {units.percent(first.margin)}{'' if mixed else ', exploratory'}"
    caption = f"{against} {_printable(first.baseline)} ({facts})"
    columns = tuple(Column(name) for name in COLUMNS)
    return Table(caption, "variant", columns, tuple(rows), (_remark(first), *_notes(comparisons)))


def summary(comparisons: Sequence[Comparison], facts: Sequence[str] = ()) -> RenderableType:
    """For the terminal: the tables, a sentence each, what is to be kept in mind of all, then `facts` of both sides."""
    several = len({found.metric for found in comparisons}) > 1
    drawn = list(tables(comparisons))
    common = [remark for remark in drawn[0].remarks if len(drawn) > 1 and all(remark in one.remarks for one in drawn)]
    parts = [part for one in drawn for part in (grid(_without(one, common)), Text())]
    said = [
        Text(
            f"{METRICS[found.metric].title}: {sentence(found)}" if several else sentence(found),
            style=STYLES[TONES[found.verdict]].replace("strike", ""),
        )
        for found in comparisons
    ]
    return Group(*parts, *said, *(Text(_clean(text), style="dim") for text in (*common, *facts)))


def _without(content: Table, remarks: Sequence[str]) -> Table:
    return replace(content, remarks=tuple(remark for remark in content.remarks if remark not in remarks))


def _label(found: Comparison, *, mixed: bool) -> str:
    return _printable(found.variant) + (" (exploratory)" if mixed and not found.declared else "")


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


def _remark(found: Comparison) -> str:
    return (
        "could see: the smallest change that these blocks see with 80 % power; "
        f"blocks for margin: what a change of {units.percent(found.margin)} needs for that."
    )


def _notes(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Every warning and every exclusion once, with the variants that it is about."""
    told: dict[str, list[str]] = {}
    for found in comparisons:
        for note in (*found.warnings, *map(_left_out, found.excluded)):
            told.setdefault(note, []).append(_printable(found.variant))
    for note, names in told.items():
        yield f"{', '.join(names)}: {note}"


def _left_out(one: Exclusion) -> str:
    return f"block {_printable(one.block)} is excluded ({_printable(one.variant)}: {_clean(one.reason)})"


def _clean(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _printable(text: str) -> str:
    """Names come from anywhere: no control character reaches the terminal, none takes a screen."""
    clean = _clean(text)
    return clean if len(clean) <= 60 else f"{clean[:59]}…"
