"""Invariants of the accept path: what users were told against the coupons that exist."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rushlab.judge import samples
from rushlab.judge.checks import check, decide, examples
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import NONE, Ids, as_ids, common, contained, distinct, minus
from rushlab.judge.requests import Requests
from rushlab.model.verdict import Check, Status

#: Where the stock that is left is kept, by reservation; the other reservations keep it in Redis.
DATABASE_KEEPS_STOCK = frozenset({"db-lock", "redis-lock"})


def oversold(requests: Requests, evidence: AuditEvidence) -> int | None:
    """Coupons beyond the stock: rows, users told 201, or the highest sample during the run, whichever is most."""
    if evidence.limit is None:
        return None
    seen = (len(evidence.ids("issues", "user_id")), len(distinct(requests.accepted_users)))
    return max(0, max(*seen, samples.most_issued(evidence) or 0) - evidence.limit)


def no_oversell(requests: Requests, evidence: AuditEvidence) -> Check:
    """I1: issued ≤ stock, at the end and at every sample; and no sample found the stock below zero.

    Issue rows are never deleted by a good service, so the number of rows at the end is also the highest there ever
    was; the samples are the witness that does not take its word for it.
    """
    beyond, least = oversold(requests, evidence), samples.least_left(evidence, keeper(evidence))
    lacking = evidence.lacking("issues") + ([] if evidence.limit is not None else evidence.lacking("stock"))
    lacking += samples.missing(requests, evidence, keeper(evidence))
    rows = len(evidence.ids("issues", "user_id"))
    return check(
        "I1",
        "no oversell",
        decide(bool(beyond) or (least is not None and least < 0), lacking),
        value=f"{rows:,} issued, {len(distinct(requests.accepted_users)):,} users told 201",
        limit=f"≤ {evidence.limit:,} in stock" if evidence.limit is not None else "≤ stock",
        evidence=[
            _unordered(evidence),
            f"{beyond:,} beyond the stock" if beyond else "",
            samples.told(evidence, keeper(evidence)),
            *lacking,
        ],
    )


def duplicated_users(requests: Requests, evidence: AuditEvidence) -> pd.Series:
    """User → coupons beyond the first: rows or 201 replies of that user, whichever is more, minus one."""
    rows = pd.Series(evidence.ids("issues", "user_id")).value_counts()
    told = pd.Series(requests.accepted_users).value_counts()
    most = pd.concat([rows[rows > 1], told[told > 1]]).groupby(level=0).max()
    return most - 1


def no_duplicate(requests: Requests, evidence: AuditEvidence) -> Check:
    """I2: one coupon per user, in the table and in what the user was told."""
    users = duplicated_users(requests, evidence)
    lacking = [
        *evidence.lacking("issues"),
        *_unnamed("accepted requests", requests.unnamed_accepted),
        *requests.missing,
    ]
    return check(
        "I2",
        "no duplicate",
        decide(len(users) > 0, lacking),
        value=f"{int(users.sum()):,} duplicated",
        limit="0",
        evidence=["issue rows and 201 replies per user", examples("users", as_ids(users.index)), *lacking],
    )


def lost_users(requests: Requests, evidence: AuditEvidence) -> Ids:
    """Users told 201 who have no issue row."""
    return minus(requests.accepted_users, evidence.ids("issues", "user_id"))


def no_lost_accept(requests: Requests, evidence: AuditEvidence) -> Check:
    """I3: each 201 has its row."""
    lost = NONE if evidence.issues is None else lost_users(requests, evidence)
    lacking = [
        *evidence.lacking("issues"),
        *_unnamed("accepted requests", requests.unnamed_accepted),
        *requests.missing,
    ]
    return check(
        "I3",
        "no lost accept",
        decide(len(lost) > 0, lacking),
        value=f"{len(lost):,} lost of {requests.accepted:,} accepted",
        limit="0",
        evidence=["users told 201 against issue rows", examples("users", lost), *lacking],
    )


def unexpected_users(requests: Requests, evidence: AuditEvidence) -> Ids:
    """User of each row that no request explains: nobody asked, or every answer was a refusal.

    A user told "sold out" is left to I13.
    """
    rows = evidence.ids("issues", "user_id")
    explained = np.concatenate([requests.accepted_users, requests.unknown_users, requests.sold_out_users])
    return rows[~contained(rows, explained)]


def unreported(requests: Requests, evidence: AuditEvidence) -> int:
    """Requests that may have made a row, by the service's count, and of which k6 reported nothing.

    Issued ones beyond the 201 replies and the rows of users left without an answer, and failed ones
    beyond the 5xx replies and the users left without an answer and a row; 0 when the service's count
    is not known.
    """
    if evidence.service_requests is None:
        return 0
    recovered = len(common(requests.unanswered_users, recovered_users(requests, evidence)))
    issued = evidence.service_requests.get("issued", 0) - requests.accepted - recovered
    failed = unanswered_failures(requests, evidence) - (requests.unanswered - recovered)
    return max(0, issued) + max(0, failed)


def unanswered_failures(requests: Requests, evidence: AuditEvidence) -> int:
    """Failed requests, by the service's count, whose 5xx k6 did not see: it gave up on them or reported nothing."""
    return max(0, (evidence.service_requests or {}).get("failed", 0) - requests.server_errors)


def no_phantom(requests: Requests, evidence: AuditEvidence) -> Check:
    """I4: each row has a request that could have made it.

    k6 emits no point for a request that it interrupts at its hard stop, although the service may
    have served it. Its row is "unexpected" all the same, but it proves a phantom only where k6's
    points are whole and there are more such rows than requests without a user and requests that the
    service counted and k6 did not report.
    """
    unexpected = unexpected_users(requests, evidence)
    silent = unreported(requests, evidence)
    counted = evidence.service_requests is not None and not requests.missing
    proven = counted and len(unexpected) > requests.unnamed + silent
    lacking = [*evidence.lacking("issues"), *_unnamed("requests", requests.unnamed), *requests.missing]
    if len(unexpected) and not proven:
        lacking += _may_be_served(evidence, silent)
    return check(
        "I4",
        "no phantom",
        decide(proven, lacking),
        value=f"{len(unexpected):,} unexpected of {len(evidence.ids('issues', 'user_id')):,} rows",
        limit="0",
        evidence=["issue rows against requests that could have made them", examples("users", unexpected), *lacking],
    )


def _may_be_served(evidence: AuditEvidence, silent: int) -> list[str]:
    if evidence.service_requests is None:
        return evidence.lacking("service_requests")
    return [f"the service served {silent:,} requests that k6 did not report (interrupted iterations)"] if silent else []


def recovered_users(requests: Requests, evidence: AuditEvidence) -> Ids:
    """Users with a row who were never told 201 but had a request of unknown outcome."""
    maybe = minus(requests.unknown_users, requests.accepted_users)
    return common(maybe, evidence.ids("issues", "user_id"))


def recovered(requests: Requests, evidence: AuditEvidence) -> Check:
    """I5: unknowns found in the database are counted; they are no error."""
    found = recovered_users(requests, evidence)
    lacking = [
        *evidence.lacking("issues"),
        *_unnamed("requests of unknown outcome", requests.unnamed_unknown),
        *requests.missing,
    ]
    unknown = len(requests.unknown_users) + requests.unnamed_unknown
    return check(
        "I5",
        "unknown outcomes recovered",
        decide(False, lacking),
        value=f"{len(found):,} recovered of {unknown:,} unknown",
        limit="counted only",
        evidence=["issue rows of users who got no answer or a 5xx", examples("users", found), *lacking],
    )


def leaked(evidence: AuditEvidence) -> int | None:
    """Coupons neither issued nor left: stock − rows − remainder; negative when more exist than were in stock."""
    left = remainder(evidence)
    if evidence.issues is None or evidence.limit is None or left is None:
        return None
    return evidence.limit - len(evidence.issues) - left


def conservation(evidence: AuditEvidence) -> Check:
    """I6: stock = issued + remainder + leaked; below 0 FAIL, above 0 WARN (undersold).

    The stock is the one the run was set up with: a coupon whose own row says another has failed.
    """
    changed = None not in (evidence.stock, evidence.stock_ordered) and evidence.stock != evidence.stock_ordered
    lost, kept, rows = leaked(evidence), keeper(evidence), len(evidence.ids("issues", "user_id"))
    lacking = evidence.lacking("stock", "issues", kept) if evidence.reservation else evidence.lacking("reservation")
    status = decide(changed or (lost is not None and lost < 0), lacking)
    if status is Status.PASS and lost:
        status = Status.WARN
    return check(
        "I6",
        "conservation of stock",
        status,
        value="unknown" if lost is None else f"{lost:,} leaked",
        limit="0 (below: FAIL, above: undersold)",
        evidence=[
            f"{evidence.limit} in stock, {rows} issued, {remainder(evidence)} left ({kept})",
            f"the coupon's own row says {evidence.stock} in stock" if changed else "",
            _unordered(evidence),
            *lacking,
        ],
    )


def _unordered(evidence: AuditEvidence) -> str:
    known = evidence.stock_ordered is not None or evidence.stock is None
    return "" if known else "the stock is the coupon's own row's: what was ordered is not recorded"


def keeper(evidence: AuditEvidence) -> str:
    """The name of the fact that says how many coupons are left."""
    return "database_remaining" if evidence.reservation in DATABASE_KEEPS_STOCK else "redis_remaining"


def remainder(evidence: AuditEvidence) -> int | None:
    """How many coupons are left at the end, as their keeper says."""
    if evidence.reservation is None:
        return None
    return evidence.database_remaining if keeper(evidence) == "database_remaining" else evidence.redis_remaining


def _unnamed(what: str, count: int) -> list[str]:
    return [f"{count:,} {what} carry no user"] if count else []
