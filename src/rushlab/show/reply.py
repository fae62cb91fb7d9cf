"""A short answer to a question about one variant, with the figures it rests on and where more of them stand."""

from __future__ import annotations

import html
from dataclasses import dataclass

from rushlab.show.claims import doubt
from rushlab.show.finding import Finding, line
from rushlab.show.table import Tone
from rushlab.show.views import RunView

#: The report's heading of each profile's section, by the first part of its name.
HEADINGS = {"smoke": "Smoke test", "load": "Load test", "stress": "Stress test", "peak": "Peak test"}

CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Reply:
    """One variant's answer: a word or two, the finding behind it, and the heading under which its evidence stands."""

    variant: str
    word: str
    finding: Finding
    section: str

    @property
    def sentence(self) -> str:
        return f"{self.variant}: {self.word}. {self.finding.sentence}"

    def markup(self) -> str:
        """An entry of a list; its link leads to the section in a notebook, its export and our page alike."""
        head = f"<strong>{html.escape(self.variant)}: {html.escape(self.word)}.</strong>"
        link = f'<a href="#{self.section.replace(" ", "-")}">{html.escape(self.section)}</a>'
        return f'<li class="rl-{self.finding.tone or "plain"}">{head} {line(self.finding, link)}</li>'


def said(view: RunView, sentence: str, value: float | None, unit: str, tone: Tone) -> Finding:
    """A finding from one run; what casts doubt on the run is said with it."""
    why = doubt(view)
    doubtful = "" if why is None else f" This run is doubtful: {why.rstrip('.')}."
    return Finding(f"{sentence}.{doubtful}", value, unit, (view.run.id,), tone)


def left_open(variant: str, why: str, section: str) -> Reply:
    """A reply that no run can give."""
    return Reply(variant, CANNOT_TELL, Finding(f"{why}.", None, "", (), "warn"), section)


def heading(profile: str) -> str:
    """The heading of the report's section about a profile."""
    return HEADINGS.get(profile.partition("-")[0], "Other profiles")
