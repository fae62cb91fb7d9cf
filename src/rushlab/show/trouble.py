"""When a run got into trouble: the onset in its timeline, under its own threshold on the p95."""

from __future__ import annotations

import math

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


#: A stage of the service → the resource that a request in it waits for or uses.
RESOURCES = {
    "lock": "Redis lock",
    "redis": "Redis",
    "pool": "database connections",
    "group": "a place in a commit",
    "write": "database, statements",
    "commit": "database, commit",
}
#: Seconds around the onset within which the first resource is looked for.
AROUND_S = 5


def first_resource(view: RunView, found: Onset) -> tuple[str, float] | None:
    """What held most of the requests inside the service when trouble began, and its share of them; None when unknown.

    The mean number of requests in each stage, over the samples that tell of `AROUND_S` seconds around the onset.
    """
    if view.series is None:
        return None
    near = {
        labels["stage"]: rows[(rows["second"] - found.second).abs() <= AROUND_S]["value"].mean()
        for labels, rows in view.series.centred("stages")
    }
    held = {stage: float(mean) for stage, mean in near.items() if not math.isnan(mean)}
    if not held or not sum(held.values()):
        return None
    most = max(held, key=lambda stage: held[stage])
    return RESOURCES.get(most, most), held[most] / sum(held.values())


def processors(view: RunView, begin: float = 0.0, end: float = math.inf) -> float | None:
    """Processors of the whole machine at work on average between two seconds of a run; None when not recorded."""
    lines = view.series.centred("cpu_machine") if view.series else []
    values = [rows[(rows["second"] >= begin) & (rows["second"] <= end)]["value"].mean() for _, rows in lines]
    return None if not values or math.isnan(values[0]) else float(values[0]) / 100


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
