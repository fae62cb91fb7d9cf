"""What was seen of a run besides its frames: the small facts that validity is judged from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFacts:
    """How k6 ended. `exit_code` is negative for a signal; None = not known."""

    exit_code: int | None
    elapsed_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestFacts:
    """What the ingest made of the points file; `problem` is its sentence when it refused the file."""

    lines: int | None = None
    points: int | None = None
    truncated: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFacts:
    """The same things counted three times.

    `points` and `summary`: metric or sub-metric → count (`summary_counts`). `requests`: issue
    requests in the points, `answered` those with any status but 0. `service_requests`: the
    service's own counter after the drain, without requests of the warm-up.
    """

    points: Mapping[str, float] | None = None
    summary: Mapping[str, float] | None = None
    requests: int | None = None
    answered: int | None = None
    service_requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """How many requests a run's percentiles rest on, and how many were told "sold out"."""

    requests: int
    sold_out: int


def summary_counts(metrics: Mapping[str, Mapping[str, float | None]]) -> dict[str, float]:
    """Metric → count, from figures named as k6 names them (`count`, or `passes` + `fails` of a rate).

    The same function reads our own figures and k6's summary, so that V2 compares like with like;
    gauges have no count and are left out.
    """
    counted: dict[str, float] = {}
    for name, values in metrics.items():
        count, passes, fails = values.get("count"), values.get("passes"), values.get("fails")
        if count is not None:
            counted[name] = count
        elif passes is not None and fails is not None:
            counted[name] = passes + fails
    return counted
