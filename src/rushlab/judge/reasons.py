"""Why a comparison says what it says, in one clause each."""

from __future__ import annotations

import math

from rushlab.judge.equivalence import matters
from rushlab.judge.outcome import differs
from rushlab.judge.paired import Paired
from rushlab.model.comparison import Outcome


def too_few(k: int, least: int) -> str:
    if k == 0:
        return f"no block has a run of both; a verdict needs at least {least}"
    return f"{k} {'block' if k == 1 else 'blocks'}: a verdict needs at least {least}"


def too_many_excluded(share: float, limit: float) -> str:
    return f"the experiment fails: {_percent(share)} of the blocks are excluded, more than {_percent(limit)}"


def of(outcome: Outcome, estimate: Paired, margin: float, *, stands: bool, family: int) -> str:
    """The clause of a verdict that was reached; `stands`: it holds after Holm over `family` comparisons."""
    change, range_95, range_90 = _change(estimate), _range(estimate, 0.95), _range(estimate, 0.90)
    inside = f"{1 / (1 + margin):.3g} to {1 + margin:.3g}"
    if outcome in (Outcome.BETTER, Outcome.WORSE):
        return f"differs ({change}, interval {range_95}) and matters (outside {inside})"
    if outcome is Outcome.EQUIVALENT:
        return f"the 90 % interval {range_90} lies inside {inside}"
    return _inconclusive(estimate, margin, change, (range_95, range_90, inside), stands=stands, family=family)


def _inconclusive(
    estimate: Paired, margin: float, change: str, ranges: tuple[str, str, str], *, stands: bool, family: int
) -> str:
    range_95, range_90, inside = ranges
    beyond = matters(estimate, margin)
    if beyond and differs(estimate) and not stands:
        return f"{change}, interval {range_95}, but it does not stand after Holm's correction over {family} comparisons"
    if beyond:
        return f"{change} would matter, but it is not shown to differ: the interval {range_95} contains 1"
    if differs(estimate):
        return (
            f"differs ({change}), but is not shown to matter, nor to be equivalent: {range_90} is not inside {inside}"
        )
    return (
        f"not shown to differ (interval {range_95} contains 1), nor to be equivalent: {range_90} is not inside {inside}"
    )


def _change(estimate: Paired) -> str:
    return f"{math.expm1(min(estimate.mean, 700.0)):+.1%}".replace("%", " %")


def _range(estimate: Paired, confidence: float) -> str:
    low, high = estimate.interval(confidence) or (math.nan, math.nan)
    return f"{low:.3g} to {high:.3g}"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
