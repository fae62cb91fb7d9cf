"""Reservations that were given back: why a coupon may be there again after somebody was told "sold out"."""

from __future__ import annotations

import pandas as pd

from rushlab.judge.coupons import recovered_users, unreported_failures
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import Ids, as_ids, common, minus
from rushlab.judge.requests import Requests


def may_have_given_back(requests: Requests, evidence: AuditEvidence, before: float) -> int | None:
    """Most reservations, taken by requests that began before `before`, that can have been given back.

    Only a request that failed (no answer, 5xx, or counted by the service alone) and left no row gives
    its reservation back, at most one each. The service's own count of them is exact unless it rebuilt
    Redis, which frees what a dead process had reserved. None = neither is known.
    """
    bounds = [bound for bound in (_failed(requests, evidence, before), _counted(evidence)) if bound is not None]
    return min(bounds, default=None)


def _failed(requests: Requests, evidence: AuditEvidence, before: float) -> int | None:
    if evidence.service_requests is None:
        return None
    later = requests.unknown["started"] >= before  # a request without a time may have begun at any
    begun, others = _users(requests.unknown[~later]), _users(requests.unknown[later])
    wrote = minus(common(begun, recovered_users(requests, evidence)), others)
    return len(begun) - len(wrote) + requests.unnamed_unknown + unreported_failures(requests, evidence)


def _counted(evidence: AuditEvidence) -> int | None:
    return evidence.given_back if evidence.redis_rebuilds == 0 else None


def _users(requests: pd.DataFrame) -> Ids:
    return as_ids(requests["user"])
