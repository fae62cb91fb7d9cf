"""The original report's guesses and measures, as `data/reference/guesses.json` states them, and what became of each."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

Kind = Literal["guess", "measure"]


class Guess(Struct, frozen=True, kw_only=True):
    """One guess of section 5 or one measure of section 6: the original's words, ours, and what decides it.

    `rule` names the function of `judge.guesses`, `profiles` the runs that it looks at (first the one that decides),
    `knobs` the settings that carry out a measure, `plan` the experiment that settles what runs alone cannot.
    """

    id: str
    section: str
    kind: Kind
    rule: str
    quote: str
    says: str
    profiles: tuple[str, ...]
    knobs: tuple[str, ...] = ()
    plan: str | None = None


class GuessList(Struct, frozen=True, kw_only=True):
    """The whole file."""

    source: str
    notes: tuple[str, ...]
    guesses: tuple[Guess, ...]


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
