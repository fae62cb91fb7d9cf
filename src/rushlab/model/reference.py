"""The original report's figures, as `data/reference/figures.json` states them."""

from __future__ import annotations

from msgspec import Struct

from rushlab.model.guess import Guess, Problem


class ReferenceServer(Struct, frozen=True, kw_only=True):
    """One line of the report's section 4: a role, what filled it, the port it listened on."""

    role: str
    report: str
    port: int


class ReferenceProfile(Struct, frozen=True, kw_only=True):
    """One load shape with the report's figures (section 5); times in milliseconds.

    A figure the report does not give is None. `corrected` names the figures whose printed unit
    cannot be right and was changed from s to ms.
    """

    executor: str
    vu_seconds: float
    vus: int | None = None
    duration_s: float | None = None
    stages: tuple[tuple[float, int], ...] = ()
    stages_are: str | None = None
    mean: float | None = None
    median: float | None = None
    p90: float | None = None
    p95: float | None = None
    max: float | None = None
    requests: int | None = None
    failed: int | None = None
    corrected: tuple[str, ...] = ()
    bound_approx: int | None = None

    @property
    def bound_share(self) -> float | None:
        """Requests over the most iterations the schedule allows; None when either is missing."""
        if self.requests is None or not self.bound_approx:
            return None
        return self.requests / self.bound_approx


class Reference(Struct, frozen=True, kw_only=True):
    """All of it: its source, what was inferred, thresholds, servers, profiles. Guesses and problems: another file."""

    source: str
    notes: tuple[str, ...]
    thresholds: dict[str, str]
    environment: tuple[ReferenceServer, ...]
    profiles: dict[str, ReferenceProfile]
    guesses: tuple[Guess, ...] = ()
    problems: tuple[Problem, ...] = ()
