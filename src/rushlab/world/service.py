"""The coupon service over HTTP: coupons, its own counters, and its latency histogram while it runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import requests
from prometheus_client.parser import text_string_to_metric_families

from rushlab.model.errors import StackError

REQUESTS = "coupons_requests_total"
LATENCY_BUCKETS = "coupons_request_seconds_bucket"
TIMEOUT_S = 10.0


def create_coupon(base_url: str, stock: int) -> int:
    """Create a coupon with `stock` pieces and return its id (StackError when the service refuses)."""
    try:
        with _session() as session:
            reply = session.post(f"{base_url}/coupons", json={"stock": stock}, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        raise StackError("The coupon cannot be created", str(error), "See: rushlab logs service") from error
    if reply.status_code != requests.codes.created:
        why = f"POST /coupons was answered {reply.status_code}: {reply.text[:300]}"
        raise StackError("The coupon cannot be created", why, "See: rushlab logs service")
    return int(reply.json()["coupon_id"])


def counters(metrics_urls: Iterable[str]) -> dict[str, int] | None:
    """Requests by outcome since the service started, summed over its processes; None when one did not answer."""
    totals: dict[str, int] = defaultdict(int)
    for url in metrics_urls:
        samples = _samples(url, REQUESTS)
        if samples is None:
            return None
        for labels, value in samples:
            totals[labels["outcome"]] += int(value)
    return dict(totals)


def readings(metrics_urls: Iterable[str], *names: str) -> dict[str, list[float]] | None:
    """Name → the values of that metric over the service's processes; None when one did not answer."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for url in metrics_urls:
        for name in names:
            samples = _samples(url, name)
            if samples is None:
                return None
            found[name] += [value for _, value in samples]
    return found


def live_p95(metrics_urls: Iterable[str]) -> Callable[[], float | None]:
    """A function that tells the service's p95 (ms) over the requests since it was last asked.

    Taken from histogram buckets by linear interpolation, so only as exact as the buckets: for
    progress, never for a figure.
    """
    urls = list(metrics_urls)
    before: dict[float, float] = {}

    def ask() -> float | None:
        nonlocal before
        now = _buckets(urls)
        fresh = {bound: count - before.get(bound, 0.0) for bound, count in now.items()}
        before = now
        return bucket_quantile(fresh, 0.95)

    return ask


def bucket_quantile(cumulative: Mapping[float, float], quantile: float) -> float | None:
    """Quantile in ms from cumulative counts by upper bound in seconds; None without requests.

    Linear within a bucket, as Prometheus' histogram_quantile; the last finite bound for +Inf.
    """
    bounds = sorted(cumulative)
    if not bounds or cumulative[bounds[-1]] <= 0:
        return None
    rank = quantile * cumulative[bounds[-1]]
    lower, below = 0.0, 0.0
    for bound in bounds:
        count = cumulative[bound]
        if count >= rank:
            if math.isinf(bound):
                return lower * 1000
            share = (rank - below) / (count - below) if count > below else 1.0
            return (lower + (bound - lower) * share) * 1000
        lower, below = bound, count
    return None


def _session() -> requests.Session:
    """A session that knows no proxy: the service is on this machine or a private network."""
    session = requests.Session()
    session.trust_env = False
    return session


def _buckets(urls: Iterable[str]) -> dict[float, float]:
    totals: dict[float, float] = defaultdict(float)
    for url in urls:
        for labels, value in _samples(url, LATENCY_BUCKETS) or ():
            totals[float(labels["le"])] += value
    return dict(totals)


def _samples(url: str, name: str) -> list[tuple[dict[str, str], float]] | None:
    """Labels and value of every sample called `name` at `url`; None when it did not answer."""
    try:
        with _session() as session:
            reply = session.get(url, timeout=TIMEOUT_S)
        reply.raise_for_status()
    except requests.RequestException:
        return None
    families = text_string_to_metric_families(reply.text)
    return [(s.labels, s.value) for family in families for s in family.samples if s.name == name]
