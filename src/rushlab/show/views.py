"""What is shown: runs with their figures, and the study that puts them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rushlab.judge.guess_facts import Trial
from rushlab.model.profile import scale_name
from rushlab.model.reference import Reference, ReferenceProfile
from rushlab.model.results import RunFigures
from rushlab.model.run import Run
from rushlab.model.verdict import Status, Validity
from rushlab.show.run_series import RunSeries

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with everything a figure or table of it needs.

    Parameters
    ----------
    timeline
        One row per second since the start: second, vus, requests, failed, p50_ms, p90_ms, p95_ms,
        max_ms (NaN where nothing was answered); None when there are no points.
    distribution
        Optional, one row per quantile of all requests: quantile (0–1), ms.
    stages
        Optional, one row per stage of the profile: start_s, end_s, from_vus, to_vus, plateau; requests begun in it,
        mean_vus, median_ms, p90_ms, p95_ms, p99_ms, max_ms of them; rate_per_s of those answered in it (NaN on ramps).
    populations
        Optional, one row per outcome: outcome, requests, median_ms, p95_ms, p99_ms, max_ms; first, last (seconds
        since the start at which the first and the last of them was answered), last_vus (users at work at that last).
    series
        What Prometheus saw; None where it was not looked for.
    answers
        Optional, one row per second since the start and outcome that came up in it: second, outcome, requests.
    """

    run: Run
    figures: RunFigures | None
    timeline: pd.DataFrame | None
    distribution: pd.DataFrame | None = None
    stages: pd.DataFrame | None = None
    populations: pd.DataFrame | None = None
    series: RunSeries | None = None
    answers: pd.DataFrame | None = None

    @property
    def label(self) -> str:
        """Profile and variant, as they are named everywhere."""
        return f"{self.run.profile.name} · {self.run.variant}"

    @property
    def validity(self) -> Validity:
        return self.run.verdict.validity if self.run.verdict else Validity.UNKNOWN

    @property
    def audit(self) -> Status:
        return self.run.audit.verdict if self.run.audit else Status.UNKNOWN

    @property
    def objection(self) -> str | None:
        """Why this run's figures support no claim about performance; None when they may."""
        if self.validity is Validity.INVALID and self.run.verdict:
            return f"INVALID: {self.run.verdict.reason}"
        if self.audit is Status.FAIL:
            return "the audit failed: no claim about performance"
        return None

    def reason(self, field: str) -> str:
        """Why a figure of this run is unknown."""
        if self.figures is None:
            return self.run.problem or f"run {self.run.id} has no figures ({self.run.state})"
        return self.figures.reasons.get(field, "not recorded")


@dataclass(frozen=True, slots=True)
class Study:
    """Runs of several variants over several profiles, beside the original report.

    Parameters
    ----------
    variants
        variant → profile → view, both in the order asked for.
    environment
        Ours: `host` (cpu, cores, memory_gib, system, kernel), `versions` (server → version), `backend`,
        `code` (commit, dirty).
    missing
        A sentence for every run that was asked for and is not here; not empty = partial.
    repeats
        Further runs of a profile and variant that are not shown; they count for verdicts and exit codes.
    trials
        What experiments on this machine found, for the guesses that a single run cannot decide.
    """

    scale: float
    variants: dict[str, dict[str, RunView]]
    environment: dict[str, Any]
    reference: Reference
    missing: list[str]
    created: float
    repeats: tuple[RunView, ...] = ()
    trials: tuple[Trial, ...] = ()

    @property
    def every(self) -> list[RunView]:
        """The shown runs and their repeats."""
        return [*self, *self.repeats]

    def __iter__(self) -> Iterator[RunView]:
        """The shown views, profile by profile, variants beside each other."""
        for profile in self.profiles:
            for variant in self.variants:
                if view := self.view(variant, profile):
                    yield view

    @property
    def profiles(self) -> list[str]:
        """The profiles of any variant, in the order asked for."""
        return list(dict.fromkeys(name for views in self.variants.values() for name in views))

    @property
    def partial(self) -> bool:
        return bool(self.missing)

    @property
    def scale_label(self) -> str:
        return scale_name(self.scale)

    def view(self, variant: str, profile: str) -> RunView | None:
        return self.variants.get(variant, {}).get(profile)

    def beside(self, profile: str) -> ReferenceProfile | None:
        """The report's figures of that profile; None when it has none."""
        found = self.reference.profiles.get(profile)
        return found if found and found.requests is not None else None

    def _repr_html_(self) -> str:
        from rushlab.show.tables import summary

        return summary(self)._repr_html_()
