"""Prometheus's series of a run as data: what each is called, its unit, its query, who exports it, where it is shown.

A query names its windows: `$now` is long enough for one sample, `$rate` for two. Both are short, so that a missing
scrape leaves a gap: an instant lookup alone would look back five minutes and draw a flat line over it.
"""

from __future__ import annotations

import re
from string import Template
from typing import Literal

from msgspec import Struct

#: Scrape intervals in seconds, as stack/prometheus/prometheus.yml has them: our own processes, and the exporters.
OWN_S = 1.0
EXPORTERS_S = 5.0

#: The windows, in scrape intervals: long enough for one sample, and for two.
NOW, RATE = 1.5, 2.5

Role = Literal["service", "relay", "consumer", "mysqld-exporter", "redis-exporter", "process-exporter"]
Better = Literal["lower", "higher", "neither"]


class Panel(Struct, frozen=True):
    """One set of axes: its heading and the unit of all that is drawn in it; `drawn` False = for judging only."""

    title: str
    unit: str
    logarithmic: bool = False
    drawn: bool = True


class Series(Struct, frozen=True):
    """One query, with a line per value of the labels in `by`; `better` says which direction a reader wants.

    `whose` is the role of the process that exports what the query reads; values are in the panel's unit.
    """

    name: str
    title: str
    panel: str
    whose: Role
    query: str
    better: Better = "neither"
    by: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        return PANELS[self.panel].unit

    @property
    def every_s(self) -> float:
        """Seconds between two scrapes of what the query reads."""
        return EXPORTERS_S if self.whose.endswith("-exporter") else OWN_S

    @property
    def promql(self) -> str:
        """The query with its windows filled in."""
        now, rate = (f"{round(factor * self.every_s * 1000)}ms" for factor in (NOW, RATE))
        return Template(self.query).substitute(now=now, rate=rate)

    @property
    def behind_s(self) -> float:
        """How far the middle of what a value tells lies before its moment: half the window of a rate."""
        return RATE * self.every_s / 2 if "$rate" in self.query else 0.0

    @property
    def metrics(self) -> frozenset[str]:
        """Names of the metrics that the query reads."""
        return frozenset(re.findall(r"\b(?:coupons|process|python|rushlab|mysql|redis)_[a-z0-9_]+\b", self.query))


class SeriesFacts(Struct, frozen=True, kw_only=True):
    """What is known of a collection besides its values, as series.json keeps it.

    `begin` and `end` are epoch seconds; `clock_offset_s` is Prometheus's clock minus ours (None = not known);
    `reason` says why there is nothing at all, `missing` why a series is not there, by its name.
    """

    schema: int = 1
    begin: float
    end: float
    clock_offset_s: float | None = None
    reason: str | None = None
    missing: dict[str, str] = {}


PANELS: dict[str, Panel] = {
    "requests": Panel("answers, as the service counts them", "per second"),
    "latency": Panel("response time inside the service", "ms", logarithmic=True),
    "stages": Panel("where the requests inside the service are", "requests"),
    "pool": Panel("database connections of the service", "count"),
    "pauses": Panel("event loop's delay, garbage collection", "ms"),
    "delivery": Panel("events on their way", "per second"),
    "backlog": Panel("backlog: outbox, consumer lag", "messages"),
    "confirm": Panel("from accept to confirm", "ms", logarithmic=True),
    "cpu": Panel("CPU time used", "% of a core"),
    "waits": Panel("threads ready, waiting for a CPU", "threads"),
    "memory": Panel("resident memory", "MB"),
    "database": Panel("database", "per second"),
    "locks": Panel("database: threads and row locks", "count"),
    "redis": Panel("Redis", "per second"),
    "totals": Panel("sums since the process began", "s", drawn=False),
    "machine": Panel("the machine", "bytes", drawn=False),
}


def _quantile(share: float, metric: str) -> str:
    return f"1000 * histogram_quantile({share}, sum by (le) (rate({metric}_bucket[$rate])))"


def _mean(metric: str) -> str:
    return f"1000 * sum(rate({metric}_sum[$rate])) / sum(rate({metric}_count[$rate]))"


def _used(metric: str, labels: str = "instance") -> str:
    return f"100 * sum by ({labels}) (rate({metric}[$rate]))"


_STAGE = "coupons_stage_request_seconds_total"
_REQUEST, _CONFIRM, _GC = "coupons_request_seconds", "coupons_confirm_seconds", "coupons_gc_pause_seconds"
_PROCESS = ("process",)

SERIES: tuple[Series, ...] = (
    Series(
        "requests", "", "requests", "service", "sum by (outcome) (rate(coupons_requests_total[$rate]))", by=("outcome",)
    ),
    Series("latency_mean", "mean", "latency", "service", _mean(_REQUEST), "lower"),
    Series("latency_p50", "p50 (buckets)", "latency", "service", _quantile(0.5, _REQUEST), "lower"),
    Series("latency_p95", "p95 (buckets)", "latency", "service", _quantile(0.95, _REQUEST), "lower"),
    Series("inside", "all", "stages", "service", f"sum(rate({_REQUEST}_sum[$rate]))", "lower"),
    Series("stages", "", "stages", "service", f"sum by (stage) (rate({_STAGE}[$rate]))", "lower", ("stage",)),
    Series("pool_size", "size", "pool", "service", "sum(last_over_time(coupons_pool_size[$now]))"),
    Series("pool_in_use", "in use", "pool", "service", "sum(last_over_time(coupons_pool_in_use[$now]))"),
    Series("pool_waiting", "waiting", "pool", "service", "sum(last_over_time(coupons_pool_waiting[$now]))", "lower"),
    Series(
        "loop_delay",
        "event loop",
        "pauses",
        "service",
        "1000 * max(last_over_time(coupons_event_loop_delay_seconds[$now]))",
        "lower",
    ),
    Series(
        "gc_service", "GC service", "pauses", "service",
        f'1000 * sum(rate({_GC}_sum{{role="service"}}[$rate]))', "lower",
    ),
    Series(
        "gc_relay", "GC relay", "pauses", "relay",
        f'1000 * sum(rate({_GC}_sum{{role="relay"}}[$rate]))', "lower",
    ),
    Series(
        "gc_consumer", "GC consumers", "pauses", "consumer",
        f'1000 * sum(rate({_GC}_sum{{role="consumer"}}[$rate]))', "lower",
    ),
    Series(
        "gc_broker", "GC broker (JVM)", "pauses", "process-exporter",
        "1000 * sum by (process) (rate(rushlab_jvm_gc_seconds_total[$rate]))", "lower",
    ),
    Series(
        "published", "published", "delivery", "relay", "sum(rate(coupons_relay_published_total[$rate]))", "higher"
    ),
    Series("applied", "applied", "delivery", "consumer", "sum(rate(coupons_consumer_applied_total[$rate]))", "higher"),
    Series(
        "duplicates", "seen again", "delivery", "consumer",
        "sum(rate(coupons_consumer_duplicates_total[$rate]))", "lower",
    ),
    Series("outbox", "outbox", "backlog", "relay", "sum(last_over_time(coupons_outbox_pending[$now]))", "lower"),
    Series(
        "lag", "lag", "backlog", "consumer",
        "max by (partition) (last_over_time(coupons_consumer_lag[$now]))", "lower", ("partition",),
    ),
    Series("confirm_mean", "mean", "confirm", "consumer", _mean(_CONFIRM), "lower"),
    Series("confirm_p95", "p95 (buckets)", "confirm", "consumer", _quantile(0.95, _CONFIRM), "lower"),
    Series(
        "cpu_service", "", "cpu", "service", _used('process_cpu_seconds_total{role="service"}'), "lower", ("instance",)
    ),
    Series("cpu_relay", "", "cpu", "relay", _used('process_cpu_seconds_total{role="relay"}'), "lower", ("instance",)),
    Series(
        "cpu_consumer", "", "cpu", "consumer",
        _used('process_cpu_seconds_total{role="consumer"}'), "lower", ("instance",),
    ),
    Series(
        "cpu_others", "", "cpu", "process-exporter",
        _used('rushlab_process_cpu_seconds_total{process!~"service.*|relay|consumer.*|.*-exporter"}', "process"),
        "lower", _PROCESS,
    ),
    Series(
        "cpu_machine", "whole machine", "cpu", "process-exporter",
        "100 * sum(rate(rushlab_host_cpu_seconds_total[$rate]))", "lower",
    ),
    Series(
        "cpu_waits", "", "waits", "process-exporter",
        'sum by (process) (rate(rushlab_process_run_delay_seconds_total{process!~".*-exporter"}[$rate]))',
        "lower", _PROCESS,
    ),
    Series(
        "memory", "", "memory", "process-exporter",
        'max by (process) (last_over_time(rushlab_process_resident_bytes{process!~".*-exporter"}[$now])) / 1e6',
        "lower", _PROCESS,
    ),
    Series(
        "heap", "broker's heap", "memory", "process-exporter",
        "sum(last_over_time(rushlab_jvm_heap_bytes[$now])) / 1e6", "lower",
    ),
    Series(
        "statements", "statements", "database", "mysqld-exporter",
        "sum(rate(mysql_global_status_questions[$rate]))",
    ),
    Series(
        "commits", "commits", "database", "mysqld-exporter",
        'sum(rate(mysql_global_status_commands_total{command="commit"}[$rate]))',
    ),
    Series(
        "threads_running", "threads running", "locks", "mysqld-exporter",
        "sum(last_over_time(mysql_global_status_threads_running[$now]))", "lower",
    ),
    Series(
        "row_locks", "waiting for a row", "locks", "mysqld-exporter",
        "sum(rate(mysql_global_status_innodb_row_lock_time[$rate])) / 1000", "lower",
    ),
    Series(
        "redis_commands", "commands", "redis", "redis-exporter", "sum(rate(redis_commands_processed_total[$rate]))"
    ),
    Series("request_sum", "all inside the service", "totals", "service", f"sum(last_over_time({_REQUEST}_sum[$now]))"),
    Series("request_count", "requests", "totals", "service", f"sum(last_over_time({_REQUEST}_count[$now]))"),
    Series("stage_sum", "", "totals", "service", f"sum by (stage) (last_over_time({_STAGE}[$now]))", by=("stage",)),
    Series(
        "memory_free", "memory to be had", "machine", "process-exporter",
        "sum(last_over_time(rushlab_host_memory_available_bytes[$now]))", "higher",
    ),
    Series(
        "memory_all", "memory", "machine", "process-exporter",
        "sum(last_over_time(rushlab_host_memory_total_bytes[$now]))",
    ),
    Series(
        "swapped", "swapped in and out", "machine", "process-exporter",
        "sum(last_over_time(rushlab_host_swapped_bytes_total[$now]))", "lower",
    ),
)  # fmt: skip
