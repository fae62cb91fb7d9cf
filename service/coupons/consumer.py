"""`python -m coupons.consumer`: applies each event once; offsets are committed after the effect."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from coupons import worker
from coupons.concurrent import ConcurrentConsumer
from coupons.consuming import Consumer, ConsumerMetrics
from coupons.metrics import Metrics
from coupons.settings import Settings


def make(settings: Settings, table: Metrics) -> Callable[[], Consumer]:
    """How to begin a consumer's life."""
    kind = ConcurrentConsumer if settings.knobs.consumer_mode == "async" else Consumer
    return partial(kind, settings, ConsumerMetrics(table))


if __name__ == "__main__":
    sys.exit(worker.run(make))
