"""How long Python's garbage collector stopped the process."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from coupons.metrics import Histogram, Metrics


class Pauses:
    """Observes every collection; the interpreter calls it before and after each, with nothing running between."""

    def __init__(self, seconds: Histogram) -> None:
        self._seconds = seconds
        self._began = 0.0

    def __call__(self, phase: str, _about: dict[str, Any]) -> None:
        if phase == "start":
            self._began = perf_counter()
        else:
            self._seconds.observe(perf_counter() - self._began)


@contextmanager
def watched(table: Metrics) -> Iterator[None]:
    """Count the collections, and how long each took."""
    pauses = Pauses(table.histogram("coupons_gc_pause_seconds", "Pauses of Python's garbage collector"))
    gc.callbacks.append(pauses)
    try:
        yield
    finally:
        gc.callbacks.remove(pauses)
