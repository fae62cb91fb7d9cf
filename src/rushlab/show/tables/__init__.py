"""Every table of a report, from a `Study`: one function each, all returning `Table`."""

from rushlab.show.tables.environment import environment, provenance, settings
from rushlab.show.tables.latency import latency
from rushlab.show.tables.outcome import outcome
from rushlab.show.tables.summary import summary
from rushlab.show.tables.thresholds import thresholds

__all__ = ["environment", "latency", "outcome", "provenance", "settings", "summary", "thresholds"]
