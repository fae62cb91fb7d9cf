"""Metrics of a run that variants are compared by, as data: name, unit, direction, where the figure comes from."""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct

from rushlab.model.errors import UsageError
from rushlab.model.variant import unknown

Better = Literal["lower", "higher"]
#: The accept path (the reply to the user), the asynchronous half, what it costs, or the share of wishes granted.
Half = Literal["accept", "confirm", "cost", "outcome"]

#: Grows when a metric is computed in another way: older files are computed anew.
MEASURES_SCHEMA = 1


class Metric(Struct, frozen=True, kw_only=True):
    """One figure per run; `source` says how it is had, `better` which direction is wanted."""

    name: str
    title: str
    unit: str
    better: Better
    half: Half
    source: str


_ACCEPT = "http_req_duration of the 201 replies whose request began in the window (k6)"
_CONFIRM = "from a coupon's 201 to its confirmation, of the coupons whose 201 came in the window (k6, database)"

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        *(
            Metric(
                name=f"accept_p{percent}_ms",
                title=f"accept p{percent}",
                unit="ms",
                better="lower",
                half="accept",
                source=_ACCEPT,
            )
            for percent in (50, 95, 99)
        ),
        Metric(
            name="throughput_per_s",
            title="accepted per second",
            unit="1/s",
            better="higher",
            half="accept",
            source="201 replies that ended in the window, by its length (k6)",
        ),
        *(
            Metric(
                name=f"confirm_p{percent}_ms",
                title=f"confirm p{percent}",
                unit="ms",
                better="lower",
                half="confirm",
                source=_CONFIRM,
            )
            for percent in (50, 95)
        ),
        Metric(
            name="confirm_rate_per_s",
            title="confirmed per second",
            unit="1/s",
            better="higher",
            half="confirm",
            source="coupons confirmed in the window, by its length (database)",
        ),
        Metric(
            name="success_rate",
            title="success rate",
            unit="share",
            better="higher",
            half="outcome",
            source="201 replies by all requests that began in the window (k6)",
        ),
        Metric(
            name="cpu_ms_per_request",
            title="CPU per request",
            unit="ms",
            better="lower",
            half="cost",
            source="CPU time of the stack's processes, without the load generator, by all requests of the run",
        ),
    )
}


def find_metric(name: str) -> Metric:
    """The metric of that name (UsageError with the nearest one when no run has it)."""
    if name not in METRICS:
        raise unknown("Metric", name, METRICS)
    return METRICS[name]


class Limit(Struct, frozen=True):
    """A constraint on a metric, as a plan writes it: `success_rate>=0.99`."""

    metric: str
    sign: Literal["<", "<=", ">", ">="]
    bound: float

    @classmethod
    def parse(cls, text: str) -> Limit:
        """`metric`, a sign of < <= > >=, and a finite number (UsageError for anything else)."""
        for sign in ("<=", ">=", "<", ">"):
            name, found, bound = text.partition(sign)
            if not found:
                continue
            try:
                number = float(bound)
            except ValueError:
                break
            if math.isfinite(number):
                return cls(find_metric(name.strip()).name, sign, number)
            break
        raise UsageError(f"Constraint {text!r} is not one", "a constraint is written like success_rate>=0.99")

    def holds(self, value: float) -> bool:
        met = {"<": value < self.bound, "<=": value <= self.bound, ">": value > self.bound, ">=": value >= self.bound}
        return met[self.sign]

    def __str__(self) -> str:
        return f"{self.metric}{self.sign}{self.bound:g}"


class Measures(Struct, frozen=True, kw_only=True):
    """Every metric of one run, as `measures.json` in its folder holds it.

    `window` are the seconds since the load's start that the figures are about: the longest plateau
    ("steady"), or the whole load where there is none ("ramping"). `quantiles` are those of the
    201 replies in the window: share → ms. `requests` began in the window. `backlog` are coupons that
    were not confirmed when the evidence was collected. None = could not be had; `reasons` says why, by name.
    """

    schema: int = MEASURES_SCHEMA
    values: dict[str, float | None]
    reasons: dict[str, str] = {}
    window: tuple[float, float]
    steady: bool
    requests: int
    quantiles: dict[str, float] = {}
    backlog: int | None = None
