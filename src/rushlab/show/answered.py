"""Guess → verdict for a reader: one entry per guess and measure, readable on a phone; the same as the table's rows."""

from __future__ import annotations

import html
from dataclasses import dataclass

from rushlab.model.guess import Answer
from rushlab.show import guesses
from rushlab.show.table_html import notebook_style
from rushlab.show.tables.guesses import GROUPS, TONES, rule, written
from rushlab.show.views import Study


@dataclass(frozen=True, slots=True)
class Answered:
    """Every guess and measure with its verdict, figure, reason, run, and what would settle it."""

    answers: tuple[Answer, ...]
    rule: str

    def _repr_html_(self) -> str:
        groups = {heading: [one for one in self.answers if one.guess.kind == kind] for kind, heading in GROUPS.items()}
        parts = (
            f'<p class="rl-legend-head">{heading}</p><ul class="rl-findings">{"".join(map(_entry, those))}</ul>'
            for heading, those in groups.items()
            if those
        )
        return f'{notebook_style()}{"".join(parts)}<p class="rl-remark">{html.escape(self.rule)}</p>'

    def __repr__(self) -> str:
        return "\n".join(f"- {one.guess.says} {one.decision}: {one.reason}." for one in self.answers)


def answered(study: Study) -> Answered:
    """What the runs of a study say of the original's guesses and measures."""
    return Answered(guesses.answers(study), rule(study))


def _entry(answer: Answer) -> str:
    guess, tone = answer.guess, TONES[answer.decision]
    says, quote = html.escape(guess.says), html.escape(guess.quote)
    head = f'<span class="rl-badge rl-{tone}">{answer.decision}</span> <strong>{says}</strong>'
    figure = "" if answer.value is None else f" <em>{html.escape(written(answer.value, answer.unit))}</em>"
    settles = f" Would settle it: <code>{html.escape(answer.command)}</code>" if answer.command else ""
    reason = html.escape(f"{answer.reason[:1].upper()}{answer.reason[1:]}.")
    runs = f"; {html.escape(', '.join(answer.runs))}" if answer.runs else ""
    return (
        f'<li class="rl-{tone}">{head}{figure}<br>{reason}{settles}<small>{guess.section}: “{quote}”{runs}</small></li>'
    )
