"""The audit: did every user get what they were told, once, and nobody anything else?

Decided after every run, once everything has drained, from what each request was answered and what
the database, Redis, the topic and the consumers hold. What is there can prove a FAIL; only all of
it together proves a PASS; what is missing makes UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from rushlab.judge import coupons, events, poison
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.order import order_per_key
from rushlab.judge.recovery import lock_holder, recovery
from rushlab.judge.refusals import refusals_are_honest
from rushlab.judge.requests import Requests
from rushlab.model.verdict import Audit, Check, worst

__all__ = ["AuditEvidence", "audit"]


def audit(attempts: pd.DataFrame, evidence: AuditEvidence, *, missing: Iterable[str] = ()) -> Audit:
    """Every invariant of a run, and the counts behind them.

    Parameters
    ----------
    attempts
        One row per issue request: `user` (nullable integer), `status` (0 = no answer), `started`
        and `ended` (epoch seconds).
    evidence
        What was found after the drain.
    missing
        Why `attempts` may not hold every request of the run (k6 was killed, its points are cut);
        empty = it does.

    Returns
    -------
    Audit
        Invariants I1 to I14 in order; those that do not apply to this run are NA. The verdict is the worst
        status among them.
    """
    requests = Requests.of(attempts, missing)
    invariants = _invariants(requests, evidence)
    return Audit(
        verdict=worst(check.status for check in invariants),
        invariants=invariants,
        counts=_counts(requests, evidence),
    )


def _invariants(requests: Requests, evidence: AuditEvidence) -> tuple[Check, ...]:
    decided = (
        coupons.no_oversell(requests, evidence),
        coupons.no_duplicate(requests, evidence),
        coupons.no_lost_accept(requests, evidence),
        coupons.no_phantom(requests, evidence),
        coupons.recovered(requests, evidence),
        coupons.conservation(evidence),
        events.state_and_event(evidence),
        events.at_least_once(evidence),
        events.effect_once(evidence),
        order_per_key(evidence),
        poison.set_aside(evidence),
        recovery(requests, evidence),
        refusals_are_honest(requests, evidence),
    )
    return (*decided, lock_holder(evidence, decided))


def _counts(requests: Requests, evidence: AuditEvidence) -> dict[str, int | None]:
    issues, topic = evidence.issues, evidence.topic
    counts: dict[str, int | None] = {"attempts": requests.total, "accepted": requests.accepted}
    counts |= dict.fromkeys(("confirmed", "lost", "unexpected", "duplicated", "recovered", "rows", "oversold"))
    if issues is not None:
        counts |= {
            "confirmed": int(issues["confirmed_at"].notna().sum()),
            "lost": len(coupons.lost_users(requests, evidence)),
            "unexpected": len(coupons.unexpected_users(requests, evidence)),
            "duplicated": int(coupons.duplicated_users(requests, evidence).sum()),
            "recovered": len(coupons.recovered_users(requests, evidence)),
            "rows": len(issues),
            "oversold": coupons.oversold(requests, evidence),
        }
    return counts | {
        "stock_samples": None if evidence.samples is None else len(evidence.samples),
        "leaked": coupons.leaked(evidence),
        "topic_messages": None if topic is None else len(topic),
        "topic_duplicates": events.topic_duplicates(evidence),
        "dead_letters": None if evidence.dead is None else len(evidence.dead),
        "dead_letter_tries": poison.tries(evidence),
        "dead_letters_too_few_tries": poison.too_few_tries(evidence),
    }
