"""The lean histograms count like Prometheus's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as Reference

from coupons.metrics import SECONDS, Metrics, Stage

values = st.lists(st.floats(0, 100, allow_nan=False) | st.sampled_from(SECONDS), max_size=50)


@given(values)
def test_buckets_count_and_sum_equal_those_of_prometheus_client(observed: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    histogram = Metrics(ours).histogram("seconds", "help")
    reference = Reference("seconds", "help", buckets=SECONDS, registry=theirs)
    for value in observed:
        histogram.observe(value)
        reference.observe(value)
    bounds = [{"le": str(bound)} for bound in (*SECONDS, "+Inf")]
    for name, labels in [("seconds_count", {}), ("seconds_sum", {}), *(("seconds_bucket", bound) for bound in bounds)]:
        assert ours.get_sample_value(name, labels) == theirs.get_sample_value(name, labels)


def test_labelled_families_and_gauges_are_read_at_the_scrape() -> None:
    registry = CollectorRegistry()
    table = Metrics(registry)
    counters = table.counters("requests_total", "help", "outcome", ["issued", "failed"])
    lag: dict[str, float] = {}
    table.gauges("lag", "help", "partition", lambda: lag)
    counters["issued"].add(3)
    lag["0"] = 7.0
    assert registry.get_sample_value("requests_total", {"outcome": "issued"}) == 3
    assert registry.get_sample_value("requests_total", {"outcome": "failed"}) == 0
    assert registry.get_sample_value("lag", {"partition": "0"}) == 7


def test_a_stage_that_requests_share_counts_once_and_weighs_each_of_them() -> None:
    registry = CollectorRegistry()
    table, stage = Metrics(registry), Stage()
    table.show("stage_seconds", "help", "stage", {"commit": stage})
    table.sums("stage_request_seconds_total", "help", "stage", lambda: {"commit": stage.request_seconds})
    stage.share(0.25, 100)
    stage.observe(0.5)
    assert registry.get_sample_value("stage_seconds_count", {"stage": "commit"}) == 2
    assert registry.get_sample_value("stage_seconds_sum", {"stage": "commit"}) == 0.75
    assert registry.get_sample_value("stage_request_seconds_total", {"stage": "commit"}) == 25.5
