"""Counters and histograms of the hot path, and the collector that shows them to Prometheus.

`prometheus_client`'s own take a lock and walk the buckets at each observation (2–3 µs); a request makes six of
them. These cost a bisection and two additions. They belong to one thread: the event loop's, or a process's main loop.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

#: Upper bounds in seconds, 1 ms to 30 s.
SECONDS: Final = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3,
    0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 30.0,
)  # fmt: skip


class Counter:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self, amount: int = 1) -> None:
        """Count `amount` more."""
        self.value += amount


class Histogram:
    """Observations counted by bucket."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one observation (in the unit of the bounds)."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> Iterator[tuple[str, float]]:
        """(upper bound, observations up to it), the last bound being +Inf."""
        running = 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            running += count
            yield bound, running


class Stage(Histogram):
    """A histogram of a stage that several requests may go through together (they share a commit)."""

    __slots__ = ("_beyond",)

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        super().__init__(bounds)
        self._beyond = 0.0

    def share(self, value: float, requests: int) -> None:
        """Count one observation that took `value` seconds of each of `requests` requests."""
        self.observe(value)
        self._beyond += value * (requests - 1)

    @property
    def request_seconds(self) -> float:
        """Seconds of all requests together; their share of all response time is the stage's share."""
        return self.total + self._beyond


class Metrics(Collector):
    """All metrics of one process, by name and label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._families: list[Callable[[], Metric]] = []
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """The families as they are now (called by the registry at a scrape)."""
        return [family() for family in self._families]

    def counters(self, name: str, help_text: str, label: str, values: Iterable[str]) -> dict[str, Counter]:
        """One counter for each value of `label`; `name` ends in _total."""
        counters = {value: Counter() for value in values}

        def family() -> Metric:
            metric = CounterMetricFamily(name, help_text, labels=[label])
            for value, counter in counters.items():
                metric.add_metric([value], counter.value)
            return metric

        self._families.append(family)
        return counters

    def counter(self, name: str, help_text: str) -> Counter:
        """A counter without labels."""
        counter = Counter()
        self._families.append(lambda: CounterMetricFamily(name, help_text, value=counter.value))
        return counter

    def histograms(self, name: str, help_text: str, label: str, values: Iterable[str]) -> dict[str, Histogram]:
        """One histogram for each value of `label`."""
        histograms = {value: Histogram() for value in values}
        self.show(name, help_text, label, histograms)
        return histograms

    def show(self, name: str, help_text: str, label: str, histograms: Mapping[str, Histogram]) -> None:
        """Show histograms that were made elsewhere, by the values of `label`."""

        def family() -> Metric:
            metric = HistogramMetricFamily(name, help_text, labels=[label])
            for value, histogram in histograms.items():
                metric.add_metric([value], buckets=list(histogram.cumulative()), sum_value=histogram.total)
            return metric

        self._families.append(family)

    def histogram(self, name: str, help_text: str) -> Histogram:
        """A histogram without labels."""
        histogram = Histogram()
        self._families.append(
            lambda: HistogramMetricFamily(
                name, help_text, buckets=list(histogram.cumulative()), sum_value=histogram.total
            )
        )
        return histogram

    def sums(self, name: str, help_text: str, label: str, read: Callable[[], dict[str, float]]) -> None:
        """A counter for each label value that `read` returns; `name` ends in _total."""
        self._labelled(lambda: CounterMetricFamily(name, help_text, labels=[label]), read)

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A gauge that is read when Prometheus asks."""
        self._families.append(lambda: GaugeMetricFamily(name, help_text, value=read()))

    def gauges(self, name: str, help_text: str, label: str, read: Callable[[], dict[str, float]]) -> None:
        """A gauge for each label value that `read` returns."""
        self._labelled(lambda: GaugeMetricFamily(name, help_text, labels=[label]), read)

    def _labelled(
        self, make: Callable[[], CounterMetricFamily | GaugeMetricFamily], read: Callable[[], dict[str, float]]
    ) -> None:
        def family() -> Metric:
            metric = make()
            for value, number in read().items():
                metric.add_metric([value], number)
            return metric

        self._families.append(family)
