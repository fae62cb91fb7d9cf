"""Reservations that were given back: why a coupon may be there again after somebody was told "sold out"."""

from __future__ import annotations

import pandas as pd

from rushlab.judge.coupons import recovered_users, unanswered_failures
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import Ids, as_ids, common, minus
from rushlab.judge.requests import Requests


def may_have_given_back(requests: Requests, evidence: AuditEvidence, before: float) -> int | None:
    """Most reservations, taken by requests that began before `before`, that can have been given back.

    Only a request that failed and left no row gives its reservation back, at most one each: those
    answered 5xx, and those that the service counted as failed and k6 saw no 5xx of, at whatever time.
    The service's own count of what it gave back is exact unless it rebuilt Redis, which frees what a
    dead process had reserved. None = neither is known.
    """
    bounds = [bound for bound in (_failed(requests, evidence, before), _counted(evidence)) if bound is not None]
    return min(bounds, default=None)


def _failed(requests: Requests, evidence: AuditEvidence, before: float) -> int | None:
    if evidence.service_requests is None:
        return None
    unknown = requests.unknown
    begun = (unknown["status"] >= 500) & ~(unknown["started"] >= before)  # without a time: at any
    failed, others = _users(unknown[begun]), _users(unknown[~begun])
    wrote = minus(common(failed, recovered_users(requests, evidence)), others)
    return len(failed) - len(wrote) + requests.unnamed_unknown + unanswered_failures(requests, evidence)


def _counted(evidence: AuditEvidence) -> int | None:
    return evidence.given_back if evidence.redis_rebuilds == 0 else None


def _users(requests: pd.DataFrame) -> Ids:
    return as_ids(requests["user"])
