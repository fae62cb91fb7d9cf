"""Did a run's requests go wrong? Then its times over all requests are the times of failures, too."""

from __future__ import annotations

from rushlab.judge.thresholds import parse
from rushlab.model.results import RunFigures, ThresholdResult

#: k6's metrics that say how many requests failed, and how many were issued a coupon.
FAILED = "http_req_failed"
SUCCEEDED = "success_rate"

#: Outcomes that are right answers, besides `issued`: a sale that ends is mostly refusals.
REFUSED = ("already", "sold_out")


def failing(figures: RunFigures) -> ThresholdResult | None:
    """The threshold on failures or successes that the run missed; None when it missed none.

    A missed `success_rate` counts only where it is missed with the refusals (409, 410) taken as successes,
    because the service is right to refuse.
    """
    missed = (one for one in figures.thresholds if one.passed is False and one.metric in (FAILED, SUCCEEDED))
    return next((one for one in missed if one.metric == FAILED or not _refusals_explain(one, figures)), None)


def _refusals_explain(missed: ThresholdResult, figures: RunFigures) -> bool:
    threshold, refused = parse(missed.expression), sum(figures.outcomes.get(name, 0) for name in REFUSED)
    if threshold is None or missed.value is None or not figures.requests:
        return False
    return threshold.holds(missed.value + refused / figures.requests)
