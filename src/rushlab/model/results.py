"""Figures of a run, in the units of the report's tables."""

from __future__ import annotations

from msgspec import Struct


class ThresholdResult(Struct, frozen=True, kw_only=True):
    """One k6 threshold: `metric` and `expression` as k6 writes them, the value it judged.

    `passed` is None where it could not be judged; `reason` says why.
    """

    metric: str
    expression: str
    value: float | None
    passed: bool | None
    reason: str | None = None


class RunFigures(Struct, frozen=True, kw_only=True):
    """Figures over all requests of a run (durations: k6's http_req_duration, milliseconds).

    `issued_ms` is the same durations over 201 replies alone. `bound` counts iterations,
    `bound_share` = requests / bound. `confirm_ms` is the time from a coupon's 201 to its
    confirmation, 0 for the `confirmed_early` ones that were confirmed before their reply had been
    read. `confirm_rate_per_s` is the confirmed coupons per second from the first 201 to the last
    confirmation, `drain_s` the time from the last reply until every accepted coupon was confirmed.
    None = could not be had; `reasons` says why, by field name.
    """

    requests: int
    failed: int
    success_rate: float | None
    mean_ms: float | None
    median_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    rate_per_s: float | None
    bound: int | None
    bound_share: float | None
    outcomes: dict[str, int]
    issued_ms: dict[str, float | None]
    confirmed: int | None
    confirm_ms: dict[str, float | None]
    drain_s: float | None
    thresholds: tuple[ThresholdResult, ...]
    confirmed_early: int | None = None
    confirm_rate_per_s: float | None = None
    reasons: dict[str, str] = {}
