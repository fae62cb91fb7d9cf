"""Guess → verdict as a table: the original's guesses (section 5) and measures (section 6), each with its answer."""

from __future__ import annotations

from collections.abc import Iterable

from rushlab.judge.guess_answers import LITTLE, MUCH, ROOM, SATURATED, significant
from rushlab.judge.guess_causes import HELD, PROMPT_MS, PROMPT_S
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

CONVENTIONS = (
    f"Conventions: a cause is confirmed from {MUCH:.0%} of the time it would explain, refuted below {LITTLE:.0%}. A "
    f"processor is saturated from {SATURATED:.0%} and has room below {ROOM:.0%}. Consumption kept up when 95 of 100 "
    f"coupons were confirmed within {PROMPT_MS:,.0f} ms of the answer, and all {PROMPT_S:g} s after the load. A run is "
    f"saturated that did less than {HELD:.0%} of what its schedule allows."
)


def guesses(study: Study, trials: Iterable[Trial] = ()) -> Table:
    """One row per guess and measure: section, confirmed, refuted or cannot tell yet, the figure, why, and the run."""
    tried = tuple(trials)
    found = decided.answers(study, tried)
    rows: list[Row] = []
    for kind, heading in GROUPS.items():
        those = [answer for answer in found if answer.guess.kind == kind]
        rows += [Row(heading), *(_row(answer) for answer in those)] if those else []
    return Table("Guess and verdict", "the original says", COLUMNS, tuple(rows), (rule(study, tried),))


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
    return Cell(written(answer.value, answer.unit), value=answer.value, beside=(("unit", answer.unit),))


def written(value: float, unit: str) -> str:
    """A figure with its unit: a share as per cent, a factor with its sign, as rough as it is, a time."""
    if unit == "share":
        return units.percent(value)
    if unit == "×":
        return f"× {significant(value)}"
    return units.duration(value) if unit == "ms" else units.seconds(value)


def rule(study: Study, trials: Iterable[Trial] = ()) -> str:
    """What was decided from what, and by which conventions."""
    told = f"Guesses are decided from the runs of variant {decided.variant_of(study)} at scale {study.scale_label}."
    experiments = [f"{name} ({load})" for name, load in decided.told_from(study, trials).items()]
    if experiments:
        told += f" Measures, where an experiment is named, are decided from that one: {'; '.join(experiments)}."
    return " ".join(part for part in (told, decided.together(study), CONVENTIONS) if part)
