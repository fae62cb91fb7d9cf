"""k6's thresholds, evaluated again from our own figures.

The grammar is k6's (`metrics/thresholds_parser.go`): aggregation, operator, number, for example
`p(95)<1000` or `rate>0.85`. The verdict must equal k6's own on the same samples.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from rushlab.model.results import ThresholdResult

#: Metric → aggregation → value, named as k6 names them ("avg", "p(95)", "rate", "count", "value").
Metrics = Mapping[str, Mapping[str, float | None]]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "===": operator.eq,
    "!=": operator.ne,
}
EXPRESSION = re.compile(
    r"^\s*(?P<aggregation>count|rate|value|avg|min|max|med|p\(\s*(?P<percent>\d+(?:\.\d+)?)\s*\))"
    r"\s*(?P<operator><=|<|>=|>|===|==|!=)"
    r"\s*(?P<limit>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$"
)


class Threshold(NamedTuple):
    """One parsed expression: which value, how it is compared, with what."""

    aggregation: str
    operator: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value` meets the limit."""
        return COMPARE[self.operator](value, self.limit)


def parse(expression: str) -> Threshold | None:
    """The parsed expression, or None when it is not k6's grammar; `p(99.90)` reads as `p(99.9)`."""
    match = EXPRESSION.match(expression)
    if match is None:
        return None
    percent = match["percent"]
    aggregation = match["aggregation"] if percent is None else f"p({float(percent):g})"
    return Threshold(aggregation, match["operator"], float(match["limit"]))


def evaluate(thresholds: Mapping[str, Iterable[str]], metrics: Metrics) -> tuple[ThresholdResult, ...]:
    """Every threshold of a profile against the figures of a run.

    Parameters
    ----------
    thresholds
        Metric → expressions, as in `k6/profiles.json` (sub-metrics by k6's name, `name{tag:value}`).
    metrics
        Metric → aggregation → value in k6's units, as the ingest gives them.

    Returns
    -------
    tuple[ThresholdResult, ...]
        `passed` is None, never true, where the expression or its value is unknown; `reason` says why.
    """
    return tuple(
        _evaluate(metric, expression, metrics)
        for metric, expressions in thresholds.items()
        for expression in expressions
    )


def missed(results: Iterable[ThresholdResult]) -> bool:
    """Whether at least one threshold was judged and not met."""
    return any(result.passed is False for result in results)


def disagreements(results: Iterable[ThresholdResult], told: Mapping[str, Mapping[str, bool]]) -> list[str]:
    """Where k6's own verdict (metric → expression → met) is not ours, as sentences (check V2)."""
    words = {True: "met", False: "missed"}
    return [
        f"threshold {one.metric} {one.expression}: {words[one.passed]} by the points, {words[theirs]} by k6"
        for one in results
        if one.passed is not None
        and (theirs := told.get(one.metric, {}).get(one.expression)) is not None
        and theirs != one.passed
    ]


def _evaluate(metric: str, expression: str, metrics: Metrics) -> ThresholdResult:
    threshold = parse(expression)
    if threshold is None:
        return _unknown(metric, expression, "the expression is not one that k6 knows")
    if metric not in metrics:
        return _unknown(metric, expression, f"there are no samples of {metric}")
    value = _lookup(metrics[metric], threshold.aggregation)
    if value is None:
        return _unknown(metric, expression, f"{threshold.aggregation} of {metric} was not computed")
    return ThresholdResult(metric=metric, expression=expression, value=value, passed=threshold.holds(value))


def _lookup(values: Mapping[str, float | None], aggregation: str) -> float | None:
    synonym = {"p(50)": "med", "med": "p(50)", "p(0)": "min", "p(100)": "max"}.get(aggregation, aggregation)
    value = values.get(aggregation)
    return value if value is not None else values.get(synonym)


def _unknown(metric: str, expression: str, reason: str) -> ThresholdResult:
    return ThresholdResult(metric=metric, expression=expression, value=None, passed=None, reason=reason)
