"""I13, sold out is honest: nobody gets a coupon after another was told there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rushlab.judge.checks import check, decide, examples
from rushlab.judge.coupons import unreported_failures
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import Ids, as_ids, contained
from rushlab.judge.requests import ACCEPTED, SOLD_OUT, Requests
from rushlab.model.verdict import Check, Status

ID, TITLE = "I13", "sold out is honest"


def sold_out_is_honest(requests: Requests, evidence: AuditEvidence) -> Check:
    """No 201 whose request began after a 410's reply had ended, and no row for a user told 410.

    A reservation that was given back between the two makes such a 201 right. Only a request that
    failed (no answer, 5xx, or counted by the service alone) without leaving a row can have given one back: as long as
    there are enough of these, late 201s prove nothing and the check says UNKNOWN.
    """
    sold = requests.named[requests.status == SOLD_OUT]
    if sold.empty and not requests.unnamed and not requests.missing:
        return check(ID, TITLE, Status.NA, value="nobody was told 410", limit="", evidence=["replies of the run"])
    late, told = _late_users(requests, sold), _told_with_row(requests, sold, evidence)
    given_back = _may_have_given_back(requests, evidence)
    doubtful = 0 < len(late) <= given_back
    lacking = evidence.lacking("issues") + _lacking(requests)
    if doubtful:
        lacking.append(f"{given_back:,} failed requests may have given their reservation back before")
    return check(
        ID,
        TITLE,
        decide(len(told) > 0 or (len(late) > 0 and not doubtful), lacking),
        value=f"{len(late):,} late 201s, {len(told):,} rows of users told 410",
        limit="0 and 0",
        evidence=[
            f"{len(sold):,} replies said sold out",
            examples("late users", late),
            examples("users told 410 with a row", told),
            *lacking,
        ],
    )


def _late_users(requests: Requests, sold: pd.DataFrame) -> Ids:
    accepted = requests.named[requests.status == ACCEPTED]
    return as_ids(accepted.loc[accepted["started"] > sold["ended"].min(), "user"])


def _told_with_row(requests: Requests, sold: pd.DataFrame, evidence: AuditEvidence) -> Ids:
    """Users told 410 who have a row that no other request of theirs explains.

    A request of unknown outcome always explains it (it may be served at any later time), a 201
    unless its reply had ended before the 410's request began: then the right answer was 409.
    """
    suspects = sold[contained(as_ids(sold["user"]), evidence.ids("issues", "user_id"))]
    suspects = suspects[~contained(as_ids(suspects["user"]), requests.unknown_users)]
    accepted = requests.named[requests.status == ACCEPTED]
    won = accepted[contained(as_ids(accepted["user"]), as_ids(suspects["user"]))].groupby("user")["ended"].min()
    asked = suspects.groupby("user")["started"].max()
    knew = won.reindex(asked.index)
    return as_ids(asked.index[(knew.isna() | (knew < asked)).to_numpy()])


def _may_have_given_back(requests: Requests, evidence: AuditEvidence) -> int:
    without_row = ~contained(requests.unknown_users, evidence.ids("issues", "user_id"))
    return int(without_row.sum()) + requests.unnamed_unknown + unreported_failures(requests, evidence)


def _lacking(requests: Requests) -> list[str]:
    decisive = requests.named[np.isin(requests.status, (ACCEPTED, SOLD_OUT))]
    untimed = int(decisive[["started", "ended"]].isna().any(axis=1).sum())
    lacking = [f"{untimed:,} replies carry no time"] if untimed else []
    nameless = [f"{requests.unnamed:,} requests carry no user"] if requests.unnamed else []
    return [*lacking, *nameless, *requests.missing]
