"""The original report's guesses and measures, as `data/reference/guesses.json` states them, and what became of each."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from rushlab.model.variant import KnobValue

Kind = Literal["guess", "measure"]
#: Where a measure takes a knob: up, down, or to one of these values.
Direction = Literal["more", "less"] | tuple[str, ...]
#: Knob → its value before and with a change.
Changes = dict[str, tuple[KnobValue, KnobValue]]


class Guess(Struct, frozen=True, kw_only=True):
    """One guess of section 5 or one measure of section 6: the original's words, ours, and what decides it.

    `rule` names the function of `judge.guesses`, `profiles` the runs that it looks at (first the one that decides),
    `knobs` the settings that carry out a measure, `towards` where it takes them (a knob without one may be anything),
    `plan` the experiment that settles what runs alone cannot.
    """

    id: str
    section: str
    kind: Kind
    rule: str
    quote: str
    says: str
    profiles: tuple[str, ...]
    knobs: tuple[str, ...] = ()
    towards: dict[str, Direction] = {}
    plan: str | None = None

    def carried_out_by(self, changes: Changes) -> bool:
        """Whether a change of knobs is this measure: it changes nothing else, and nothing the other way."""
        if not changes or not changes.keys() <= set(self.knobs):
            return False
        return all(_leads(self.towards.get(knob), *values) for knob, values in changes.items())


class Problem(Struct, frozen=True, kw_only=True):
    """What a part of section 6 wants to cure: the original's words and ours."""

    section: str
    title: str
    quote: str
    says: str


class GuessList(Struct, frozen=True, kw_only=True):
    """The whole file."""

    source: str
    notes: tuple[str, ...]
    guesses: tuple[Guess, ...]
    problems: tuple[Problem, ...] = ()


def _leads(direction: Direction | None, before: KnobValue, after: KnobValue) -> bool:
    if direction is None:
        return True
    if isinstance(direction, tuple):
        return after in direction
    return float(after) > float(before) if direction == "more" else float(after) < float(before)


class Decision(StrEnum):
    """What the evidence says of a guess."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    OPEN = "cannot tell yet"


class Answer(Struct, frozen=True, kw_only=True):
    """A decision with the figure it rests on (`value` in `unit`, None where there is none), its reason and its runs.

    `command` would settle what is open; None where the reason says what is missing instead.
    """

    guess: Guess
    decision: Decision
    reason: str
    value: float | None = None
    unit: str = ""
    runs: tuple[str, ...] = ()
    command: str | None = None
