"""When a run got into trouble: the onset in its timeline, under its own threshold on the p95."""

from __future__ import annotations

from rushlab.judge.onset import SECONDS, Onset, onset
from rushlab.judge.thresholds import parse
from rushlab.show import units
from rushlab.show.views import RunView


def limit_of(view: RunView) -> float | None:
    """The profile's upper limit on the p95 of http_req_duration, in ms; None without one."""
    found = (parse(text) for text in view.run.profile.thresholds.get("http_req_duration", ()))
    limits = [one.limit for one in found if one and one.aggregation == "p(95)" and one.operator in ("<", "<=")]
    return min(limits, default=None)


def onset_of(view: RunView) -> Onset | None:
    """The run's onset of trouble; None where there was none, or none that can be known (`no_onset` says which)."""
    limit = limit_of(view)
    if limit is None or view.timeline is None:
        return None
    return onset(view.timeline, limit)


def no_onset(view: RunView) -> str:
    """Why a run has no onset."""
    limit = limit_of(view)
    if limit is None:
        return "the profile has no threshold on the p95"
    if view.timeline is None:
        return "the run has no timeline"
    return f"the p95 was never over {units.duration(limit)} for {SECONDS} seconds in a row"


def describe(found: Onset) -> str:
    """An onset in words: the second, the virtual users, the requests answered."""
    vus = "" if found.vus is None else f"{units.count(found.vus)} virtual users, "
    return f"second {found.second} ({vus}{units.plural(found.rate_per_s, 'request')} answered in it)"
