"""What the words of a report mean, for a reader who has never seen one."""

from __future__ import annotations

import html
from dataclasses import dataclass

from rushlab.judge.headline import GREY_SAMPLES, HEADLINE_SAMPLES
from rushlab.model.verdict import Status, Validity
from rushlab.show.table import Cell
from rushlab.show.table_html import notebook_style
from rushlab.show.tables.cells import badge

VERDICTS: dict[Validity, str] = {
    Validity.VALID: "the measurement can be believed: its files are whole, and independent counts of it agree.",
    Validity.INVALID: "the measurement went wrong. Its figures are struck out and compared with nothing.",
    Validity.UNKNOWN: "evidence is missing. It is never taken for good.",
}

STATUSES: dict[Status, str] = {
    Status.PASS: "looked at and found as it must be.",
    Status.WARN: "as it must be, with a reservation that stands beside it.",
    Status.FAIL: "broken. Of V1, V2, V4, V5 or V6: the run is INVALID. Of V7 and those after it: only limits what may "
    "be said. Of the audit: the service was wrong, and how fast it was counts for nothing.",
    Status.UNKNOWN: "cannot be decided, because evidence is missing.",
    Status.NA: "does not apply to this run.",
}

WORDS = {
    "virtual user (VU)": "asks for a coupon, waits for the answer, pauses, and asks again as somebody else.",
    "median, p90, p95": "50, 90, 95 of 100 requests were answered within this time. "
    f"Grey with fewer than {HEADLINE_SAMPLES} slower requests, left out with fewer than {GREY_SAMPLES}.",
    "threshold": "a limit set before the test: met or missed.",
    "bound": "the most requests that this schedule of virtual users allows, if every answer came at once. "
    "A run's share of it says how near to that it came.",
    "accept, confirm": "a user is told that the coupon is theirs; later, by way of Kafka, it is entered in the books.",
    "audit": "after the load, what every user was told is held against what the database, Redis and Kafka hold.",
    "scale": "a factor on the original's durations: full is 1, demo a tenth; smoke keeps its ten seconds at any scale. "
    "The numbers of users stay.",
}


@dataclass(frozen=True, slots=True)
class Legend:
    """Terms and what they mean, in groups."""

    groups: dict[str, tuple[tuple[Cell, str], ...]]

    def _repr_html_(self) -> str:
        parts = (f'<p class="rl-legend-head">{_text(name)}</p>{_list(terms)}' for name, terms in self.groups.items())
        return notebook_style() + "".join(parts)

    def __repr__(self) -> str:
        lines = (f"{name}: {term.text}: {text}" for name, terms in self.groups.items() for term, text in terms)
        return "\n".join(lines)


def legend() -> Legend:
    """Every verdict and status that can appear, and the words that a reader needs."""
    return Legend(
        {
            "A run is": tuple((badge(validity), text) for validity, text in VERDICTS.items()),
            "One check of it, or its audit, is": tuple((badge(status), text) for status, text in STATUSES.items()),
            "Words": tuple((Cell(word), text) for word, text in WORDS.items()),
        }
    )


def _list(terms: tuple[tuple[Cell, str], ...]) -> str:
    lines = (f"<dt>{_term(term)}</dt><dd>{_text(text)}</dd>" for term, text in terms)
    return f'<dl class="rl-legend">{"".join(lines)}</dl>'


def _term(term: Cell) -> str:
    style = f"rl-badge rl-{term.tone}" if term.badge else "rl-word"
    return f'<span class="{style}">{_text(term.text)}</span>'


def _text(text: str) -> str:
    return html.escape(text, quote=False)
