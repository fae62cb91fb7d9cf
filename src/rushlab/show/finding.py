"""A finding: one sentence with its figure, its unit and the runs it came from."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rushlab.show.table import Tone

#: The space between a number and its unit, where no line may break.
UNIT = re.compile(r"(?<=\d) (?=%|ms\b|s\b)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence; `value` in `unit` is the figure it rests on, `runs` the ids it came from."""

    sentence: str
    value: float | None
    unit: str
    runs: tuple[str, ...]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a study, gravest first."""

    items: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        lines = [f'<li class="rl-{item.tone or "plain"}">{line(item)}</li>' for item in self.items]
        return f'<ul class="rl-findings">{"".join(lines)}</ul>'

    def __repr__(self) -> str:
        return "\n".join(f"- {item.sentence}" for item in self.items)


def line(item: Finding, link: str = "") -> str:
    """A finding's sentence and its runs as HTML; `link` (HTML) says where its evidence stands."""
    sentence, runs = UNIT.sub("&nbsp;", html.escape(item.sentence)), html.escape(", ".join(item.runs))
    evidence = f"see {link}" if link else ""
    if len(item.runs) <= 2:
        return f"{sentence} <small>{'; '.join(filter(None, (runs, evidence)))}</small>"
    found = f"{sentence} <details><summary>from {len(item.runs)} runs</summary>{runs}</details>"
    return f"{found} <small>{evidence}</small>" if evidence else found
