"""What was seen of a run besides its frames: the small facts that validity is judged from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFacts:
    """How k6 ended. `exit_code` is negative for a signal; None = not known."""

    exit_code: int | None
    elapsed_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestFacts:
    """What the ingest made of the points file. (A run whose file it refused ends as failed, and is not judged.)"""

    lines: int | None = None
    points: int | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFacts:
    """The same things counted three times.

    `differences`: where the points and k6's summary of `compared` metrics differ, as sentences; None
    without a summary. `outcomes`: answered issue requests of the points by what they were told,
    `unanswered` the others. `service_requests`: the service's own count by outcome, after the drain
    and without the warm-up.
    """

    differences: Sequence[str] | None = None
    compared: int = 0
    outcomes: Mapping[str, int] | None = None
    unanswered: int = 0
    service_requests: Mapping[str, int] | None = None

    @property
    def answered(self) -> int:
        return sum((self.outcomes or {}).values())

    @property
    def requests(self) -> int:
        return self.answered + self.unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """How many requests a run's percentiles rest on, and how many were told "sold out"."""

    requests: int
    sold_out: int
