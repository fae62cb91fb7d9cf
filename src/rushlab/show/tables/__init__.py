"""Every table of a report, from a `Study`: one function each, all returning `Table`."""

from rushlab.show.tables.limits import thresholds
from rushlab.show.tables.origin import environment, provenance, settings
from rushlab.show.tables.outcomes import outcome
from rushlab.show.tables.response import latency
from rushlab.show.tables.verdicts import counts, summary

__all__ = ["counts", "environment", "latency", "outcome", "provenance", "settings", "summary", "thresholds"]
