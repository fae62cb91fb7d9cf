"""Guess → verdict as a table: the original's guesses (section 5) and measures (section 6), each with its answer."""

from __future__ import annotations

from collections.abc import Iterable

from rushlab.judge.guess_answers import LITTLE, MUCH, ROOM, SATURATED
from rushlab.judge.guess_facts import Trial
from rushlab.model.guess import Answer, Decision, Kind
from rushlab.show import guesses as decided
from rushlab.show import units
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import unknown
from rushlab.show.views import Study

TONES: dict[Decision, Tone] = {Decision.CONFIRMED: "good", Decision.REFUTED: "bad", Decision.OPEN: "warn"}

COLUMNS = (
    Column("section", number=False),
    Column("verdict", number=False),
    Column("figure"),
    Column("why", number=False),
    Column("from run", number=False),
)

GROUPS: dict[Kind, str] = {"guess": "What it guessed", "measure": "What it recommended"}


def guesses(study: Study, trials: Iterable[Trial] = ()) -> Table:
    """One row per guess and measure: section, confirmed, refuted or cannot tell yet, the figure, why, and the run."""
    found = decided.answers(study, trials)
    rows: list[Row] = []
    for kind, heading in GROUPS.items():
        those = [answer for answer in found if answer.guess.kind == kind]
        rows += [Row(heading), *(_row(answer) for answer in those)] if those else []
    return Table("Guess and verdict", "the original says", COLUMNS, tuple(rows), (rule(study),))


def _row(answer: Answer) -> Row:
    guess = answer.guess
    badge = Cell(answer.decision, value=str(answer.decision), tone=TONES[answer.decision], badge=True)
    why = Cell(_why(answer), value=_why(answer), tone="name")
    runs = Cell(", ".join(answer.runs), tone="name") if answer.runs else unknown("no run decides it")
    return Row(guess.says, (Cell(guess.section), badge, _figure(answer), why, runs), f"“{guess.quote}”")


def _why(answer: Answer) -> str:
    reason = f"{answer.reason[:1].upper()}{answer.reason[1:]}."
    return f"{reason} Would settle it: {answer.command}" if answer.command else reason


def _figure(answer: Answer) -> Cell:
    if answer.value is None:
        return unknown("no figure decides it")
    return Cell(written(answer.value, answer.unit), value=answer.value)


def written(value: float, unit: str) -> str:
    """A figure with its unit: a share as per cent, a factor with its sign, a time."""
    if unit == "share":
        return units.percent(value)
    if unit == "×":
        return f"× {value:,.2f}"
    return units.duration(value) if unit == "ms" else units.seconds(value)


def rule(study: Study) -> str:
    """What was decided from what, and by which conventions."""
    told = f"Decided from the runs of variant {decided.variant_of(study)} at scale {study.scale_label}. Conventions: a "
    told += f"cause is confirmed from {MUCH:.0%} of the time it would explain, refuted below {LITTLE:.0%}; a processor "
    return told + f"is saturated from {SATURATED:.0%} and has room below {ROOM:.0%}."
