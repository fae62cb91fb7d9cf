"""The metrics of a service process, made once and handed to the parts that count."""

from __future__ import annotations

from typing import Final

from prometheus_client.registry import CollectorRegistry

from coupons.metrics import Metrics, Stage

OUTCOMES: Final = ("issued", "already", "sold_out", "rejected", "failed")
STAGES: Final = ("redis", "lock", "pool", "group", "write", "commit")


class ServiceMetrics:
    """Counters, histograms and gauges by the names that Prometheus knows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.table = Metrics(registry)
        self.requests = self.table.counters(
            "coupons_requests_total", "Requests for a coupon, by what they were answered", "outcome", OUTCOMES
        )
        self.request_seconds = self.table.histograms(
            "coupons_request_seconds", "From the whole request to the answer, by outcome", "outcome", OUTCOMES
        )
        self.stages = {name: Stage() for name in STAGES}
        self.table.show(
            "coupons_stage_seconds",
            "Time of a request, or of a group of them, in a stage: redis (the atomic decision), lock (wait for the "
            "Redis lock), pool (wait for a connection), group (wait for a place in a commit), write (statements), "
            "commit",
            "stage",
            self.stages,
        )
        self.table.sums(
            "coupons_stage_request_seconds_total",
            "Seconds that requests spent in a stage; each request of a group counts",
            "stage",
            lambda: {name: stage.request_seconds for name, stage in self.stages.items()},
        )
        self.loop_delay = 0.0
        self.table.gauge(
            "coupons_event_loop_delay_seconds", "Longest delay of the event loop in the last second", self._loop_delay
        )
        self.given_back = self.table.counter(
            "coupons_reservations_given_back_total", "Reservations given back because the transaction failed"
        )
        self.rebuilds = self.table.counter("coupons_redis_rebuilds_total", "Redis rebuilt from the database")

    def _loop_delay(self) -> float:
        return self.loop_delay
