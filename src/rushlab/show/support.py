"""How much each figure of a run may be believed: percentiles by the samples beyond them."""

from __future__ import annotations

from rushlab.judge.headline import GREY_SAMPLES, HEADLINE_SAMPLES, Weight, samples_beyond, weight

#: The percentile behind each figure that is one.
PERCENTS = {"median": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}


def support(samples: int, figure: str) -> Weight:
    """What `median`, `p90`, `p95` or `p99` of that many samples is worth; any other figure is a headline."""
    return weight(samples, PERCENTS[figure]) if figure in PERCENTS else Weight.HEADLINE


def shortage(samples: int, figure: str, what: str = "requests") -> str:
    """Why a percentile has too few samples, in words."""
    beyond = samples_beyond(samples, PERCENTS[figure])
    return f"{beyond} of {samples:,d} {what} lie beyond the {figure}, {GREY_SAMPLES} are needed"


def rule() -> str:
    """The limits, to be printed beside the figures they judged."""
    shown = f"percentiles in grey have fewer than {HEADLINE_SAMPLES} requests beyond them"
    return f"{shown}, below {GREY_SAMPLES} none is given"
