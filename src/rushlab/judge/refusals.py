"""I13, refusals are honest: who is told "sold out" or "already issued" is told the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rushlab.judge.checks import check, decide, examples
from rushlab.judge.coupons import keeper, remainder, unanswered_failures, unreported
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.given_back import may_have_given_back
from rushlab.judge.ids import NONE, Ids, as_ids, contained, distinct, minus
from rushlab.judge.requests import ACCEPTED, ALREADY, SOLD_OUT, Requests
from rushlab.model.verdict import Check, Status

ID, TITLE = "I13", "refusals are honest"


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """What looks dishonest: how often, how often `excuse` can explain it (None = not known), in words."""

    found: int
    excused: int | None
    excuse: str

    @property
    def proven(self) -> bool:
        return self.excused is not None and self.found > self.excused

    @property
    def doubt(self) -> list[str]:
        if not self.found or self.proven:
            return []
        return [f"{'any number of' if self.excused is None else f'{self.excused:,}'} {self.excuse}"]


def refusals_are_honest(requests: Requests, evidence: AuditEvidence) -> Check:
    """Nobody is told 410 while there are coupons, or 409 without having one.

    No 201 whose request began after a 410's reply had ended; no coupon left at the end; no row for a
    user told 410; a row for each user told 409. What a failed request gave back explains the first
    two, as far as there are enough of these requests that began before the 410 in question had
    ended; another request of the same user the last two.
    """
    sold, already = requests.told(SOLD_OUT), requests.told(ALREADY)
    if sold.empty and already.empty and not requests.unnamed and not requests.missing:
        return check(
            ID, TITLE, Status.NA, value="nobody was told 409 or 410", limit="", evidence=["replies of the run"]
        )
    late, told, denied = _late(requests, sold), _told_with_row(requests, sold, evidence), _denied(requests, evidence)
    left = 0 if sold.empty else remainder(evidence) or 0
    suspicions = _suspicions(requests, evidence, (len(late), left, len(told), len(denied)))
    doubts = dict.fromkeys(doubt for one in suspicions for doubt in one.doubt)
    lacking = [*evidence.lacking("issues"), *_no_remainder(sold, evidence), *_lacking(requests), *doubts]
    return check(
        ID,
        TITLE,
        decide(any(one.proven for one in suspicions), lacking),
        value=f"{len(late):,} late 201s, {left:,} coupons left, {len(told):,} rows of users told 410, "
        f"{len(denied):,} users told 409 without a row",
        limit="0 each",
        evidence=[
            f"{len(sold):,} replies said sold out, {len(already):,} already issued",
            examples("late users", late),
            examples("users told 410 with a row", told),
            examples("users told 409 without a row", denied),
            *lacking,
        ],
    )


def _suspicions(
    requests: Requests, evidence: AuditEvidence, found: tuple[int, int, int, int]
) -> tuple[_Suspicion, ...]:
    late, left, told, denied = found
    ended = requests.told(SOLD_OUT)["ended"]
    counted = evidence.service_requests is not None and not requests.missing
    unseen = requests.unnamed + unreported(requests, evidence) if counted else None
    failed = requests.unnamed_unknown + unanswered_failures(requests, evidence) if counted else None
    given_back = "reservations may have been given back after a 410"
    return (
        _Suspicion(late, may_have_given_back(requests, evidence, ended.min()), given_back),
        _Suspicion(left, may_have_given_back(requests, evidence, ended.max()), given_back),
        _Suspicion(told, unseen, "requests of unknown users or that k6 did not report may have made the rows"),
        _Suspicion(denied, failed, "failed requests whose user is not known may have held coupons"),
    )


def _late(requests: Requests, sold: pd.DataFrame) -> Ids:
    """Users told 201 whose request began after the first 410 had been received."""
    accepted = requests.told(ACCEPTED)
    return as_ids(accepted.loc[accepted["started"] > sold["ended"].min(), "user"])


def _told_with_row(requests: Requests, sold: pd.DataFrame, evidence: AuditEvidence) -> Ids:
    """Users told 410 who have a row that no other request of theirs explains.

    A request of unknown outcome always explains it (it may be served at any later time), a 201
    unless its reply had ended before the 410's request began: then the right answer was 409.
    """
    suspects = sold[contained(as_ids(sold["user"]), evidence.ids("issues", "user_id"))]
    suspects = suspects[~contained(as_ids(suspects["user"]), requests.unknown_users)]
    accepted = requests.told(ACCEPTED)
    won = accepted[contained(as_ids(accepted["user"]), as_ids(suspects["user"]))].groupby("user")["ended"].min()
    asked = suspects.groupby("user")["started"].max()
    knew = won.reindex(asked.index)
    return as_ids(asked.index[(knew.isna() | (knew < asked)).to_numpy()])


def _denied(requests: Requests, evidence: AuditEvidence) -> Ids:
    """Users told 409 who have no row and never had a request that may have held a coupon for a while.

    A user who was told 201 as well has lost a coupon (I3), not been denied one.
    """
    if evidence.issues is None:
        return NONE
    explained = distinct(evidence.ids("issues", "user_id"), requests.unknown_users, requests.accepted_users)
    return minus(as_ids(requests.told(ALREADY)["user"]), explained)


def _no_remainder(sold: pd.DataFrame, evidence: AuditEvidence) -> list[str]:
    if sold.empty:
        return []
    return evidence.lacking(keeper(evidence)) if evidence.reservation else evidence.lacking("reservation")


def _lacking(requests: Requests) -> list[str]:
    decisive = requests.named[np.isin(requests.status, (ACCEPTED, SOLD_OUT))]
    untimed = int(decisive[["started", "ended"]].isna().any(axis=1).sum())
    lacking = [f"{untimed:,} replies carry no time"] if untimed else []
    nameless = [f"{requests.unnamed:,} requests carry no user"] if requests.unnamed else []
    return [*lacking, *nameless, *requests.missing]
