"""Every table of a report, from a `Study` (of a run: from its view): one function each, all returning `Table`."""

from rushlab.show.tables.checks import checks, reservations
from rushlab.show.tables.cpu import cost, costs
from rushlab.show.tables.guesses import guesses
from rushlab.show.tables.inside import inside
from rushlab.show.tables.limits import thresholds
from rushlab.show.tables.onset import onset
from rushlab.show.tables.origin import environment, provenance, settings
from rushlab.show.tables.outcomes import outcome
from rushlab.show.tables.populations import answers, halves
from rushlab.show.tables.response import latency
from rushlab.show.tables.sale import by_outcome, sale
from rushlab.show.tables.stages import stages
from rushlab.show.tables.steps import steps
from rushlab.show.tables.verdicts import counts, summary

__all__ = [
    "answers",
    "by_outcome",
    "checks",
    "cost",
    "costs",
    "counts",
    "environment",
    "guesses",
    "halves",
    "inside",
    "latency",
    "onset",
    "outcome",
    "provenance",
    "reservations",
    "sale",
    "settings",
    "stages",
    "steps",
    "summary",
    "thresholds",
]
