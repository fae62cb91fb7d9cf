"""What the service's own processes counted during a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rushlab.world.service import counters, readings

GIVEN_BACK = "coupons_reservations_given_back_total"
REBUILDS = "coupons_redis_rebuilds_total"
STARTED = "process_start_time_seconds"

SILENT = "a service process did not give its counters"


def collect_service(
    metrics_urls: Sequence[str], baseline: Mapping[str, int] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The service's own counters, summed over its processes.

    Parameters
    ----------
    baseline
        Requests by outcome before the run, taken off the final ones; None = not known.

    Returns
    -------
    tuple
        Facts and, by name, why something could not be had:

        - `service_requests`: requests of the run by outcome
        - `given_back`: reservations given back since the service started, its warm-up included
        - `redis_rebuilds`: times that Redis was rebuilt, beyond the one with which each process begins; several
          workers take part in each rebuild together, so it is counted once
        - `service_started`: epoch second at which the youngest of its processes started
    """
    facts, reasons = _requests(metrics_urls, baseline)
    found = readings(metrics_urls, GIVEN_BACK, REBUILDS, STARTED) if metrics_urls else None
    for name, value in _since_the_start(found).items():
        facts[name] = value
        if value is None:
            reasons[name] = SILENT
    return facts, reasons


def _requests(urls: Sequence[str], baseline: Mapping[str, int] | None) -> tuple[dict[str, Any], dict[str, str]]:
    if baseline is None:
        return {"service_requests": None}, {"service_requests": "the service's counters before the run are not known"}
    counted = counters(urls) if urls else None
    if counted is None:
        return {"service_requests": None}, {"service_requests": SILENT}
    run = {outcome: count - baseline.get(outcome, 0) for outcome, count in counted.items()}
    if any(count < 0 for count in run.values()):
        return {"service_requests": None}, {"service_requests": "the service was restarted: its counters went back"}
    return {"service_requests": run}, {}


def _since_the_start(found: dict[str, list[float]] | None) -> dict[str, int | float | None]:
    if found is None or not all(found.values()):
        return {"given_back": None, "redis_rebuilds": None, "service_started": None}
    rebuilds = max(found[REBUILDS]) - 1
    return {
        "given_back": int(sum(found[GIVEN_BACK])),
        "redis_rebuilds": max(0, int(rebuilds)),
        "service_started": max(found[STARTED]),
    }
