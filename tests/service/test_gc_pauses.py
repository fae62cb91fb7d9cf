"""Pauses of the garbage collector are counted while they are watched, and not afterwards."""

from __future__ import annotations

import gc

from prometheus_client import CollectorRegistry

from coupons.gc_pauses import watched
from coupons.metrics import Metrics


def test_each_collection_is_counted_once_and_nothing_is_left_behind() -> None:
    registry, before = CollectorRegistry(), list(gc.callbacks)
    with watched(Metrics(registry)):
        earlier = registry.get_sample_value("coupons_gc_pause_seconds_count") or 0
        gc.collect()
        gc.collect()
        later = registry.get_sample_value("coupons_gc_pause_seconds_count") or 0
        total = registry.get_sample_value("coupons_gc_pause_seconds_sum") or 0
    assert later >= earlier + 2
    assert total > 0
    assert gc.callbacks == before
