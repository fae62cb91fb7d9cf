"""I10, order per key: what the relay saw in an order arrives, and has its effect, in that order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rushlab.judge.checks import check, decide, examples
from rushlab.judge.events import UNREADABLE
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import NONE, Ids, as_ids, contained, distinct
from rushlab.model.verdict import Check, Status

ID, TITLE = "I10", "order per key"

Moments = npt.NDArray[np.float64]

_EMPTY = pd.DataFrame({"key": []}, dtype="int64")


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The published events in the order that was to be kept, and what breaks the promise, each as ids.

    `set_back`: the database's clock was, so its stamps do not tell what had its effect first.
    """

    sent: pd.DataFrame
    misnamed: Ids
    split: Ids
    swapped: Ids
    early: Ids
    set_back: bool = False

    @classmethod
    def of(cls, evidence: AuditEvidence) -> _Found:
        if evidence.topic is None or evidence.outbox is None or _columns_missing(evidence):
            return cls(_EMPTY, NONE, NONE, NONE, NONE)
        known = evidence.topic[contained(evidence.ids("topic", "event_id"), evidence.ids("outbox", "event_id"))]
        keyed = known[known["key"] != UNREADABLE]
        sent = _sent(keyed, evidence.outbox)
        return cls(
            sent,
            misnamed=_misnamed(known, evidence),
            split=_split(keyed),
            swapped=_swapped(sent),
            early=_early_effects(sent, evidence.issues),
            set_back=_clock_was_set_back(sent),
        )

    @property
    def broken(self) -> bool:
        early = () if self.set_back else self.early
        return any(len(ids) for ids in (self.misnamed, self.split, self.swapped, early))

    @property
    def no_order_to_keep(self) -> bool:
        return not (len(self.misnamed) or len(self.split) or self.sent["key"].duplicated().any())

    @property
    def doubts(self) -> list[str]:
        told = "the database's clock was set back: what was confirmed first is not known"
        return [told] if self.set_back and len(self.early) else []


def order_per_key(evidence: AuditEvidence) -> Check:
    """I10: messages bear the promised key, those of one key are in one partition in the order of their outbox rows,
    and so are their effects.

    An id of the outbox is drawn before its row is committed, so a row may come late: the order that can be kept is
    that of the rows that a round of the relay saw together (`position`), round after round (`sent_at`). A message may
    be sent again, so an order is broken only when everything sent of the later event lies before everything of the
    earlier one. Effects follow the first message of each event.

    `sent_at` and `confirmed_at` are the database's clock, which may be set back. One round is before another only where
    the middle of its rows' ids says so too; what was confirmed first is then not judged.
    """
    found, lacking = _Found.of(evidence), _lacking(evidence)
    sent, by = found.sent, evidence.partition_key
    if not lacking and found.no_order_to_keep:
        reason = f"{len(sent):,} events, by {by or 'an unrecorded key'}"
        return check(ID, TITLE, Status.NA, value="no key has two events", limit="", evidence=[reason])
    lacking += found.doubts
    return check(
        ID,
        TITLE,
        decide(found.broken, lacking),
        value=f"{len(found.misnamed):,} messages with another key than promised, {len(found.split):,} keys in several "
        f"partitions, {len(found.swapped):,} messages and {len(found.early):,} effects before an earlier one of their "
        "key",
        limit="0 each",
        evidence=[
            f"{len(sent):,} events, {sent['key'].nunique():,} keys ({by or 'knob not recorded'})",
            examples("events with another key", found.misnamed),
            examples("keys", found.split),
            examples("events sent too early", found.swapped),
            examples("events applied too early", found.early),
            *lacking,
        ],
    )


def _lacking(evidence: AuditEvidence) -> list[str]:
    lacking = [*evidence.lacking("topic", "outbox", "issues"), *_columns_missing(evidence)]
    if evidence.topic is not None and "key" in evidence.topic:
        keyless = (evidence.topic["key"] == UNREADABLE) & (evidence.topic["event_id"] != UNREADABLE)
        lacking += [f"{int(keyless.sum()):,} messages carry no key"] if keyless.any() else []
    return lacking


def _columns_missing(evidence: AuditEvidence) -> list[str]:
    wanted = {"topic": (evidence.topic, ["key"]), "outbox": (evidence.outbox, ["position", "sent_at"])}
    return [
        f"no {column} of the {name}: it was not collected"
        for name, (frame, columns) in wanted.items()
        for column in columns
        if frame is not None and column not in frame
    ]


def _misnamed(known: pd.DataFrame, evidence: AuditEvidence) -> Ids:
    """Messages of known events whose key is not the promised one, one event id for each.

    Where the coupon's id was not recorded, its key is the one that most messages bear.
    """
    if evidence.partition_key not in ("user", "coupon") or known.empty:
        return NONE
    promised: pd.Series | int
    if evidence.partition_key == "user":
        promised = known["user_id"]
    else:
        promised = int(known["key"].mode()[0]) if evidence.coupon_id is None else evidence.coupon_id
    return as_ids(known.loc[known["key"] != promised, "event_id"])


def _sent(keyed: pd.DataFrame, outbox: pd.DataFrame) -> pd.DataFrame:
    """One row per published event, in the order that was to be kept: key, event_id, partition, first, last (offset)."""
    spans = keyed.groupby("event_id", sort=False).agg(
        key=("key", "first"), partition=("partition", "first"), first=("offset", "min"), last=("offset", "max")
    )
    marked = outbox.dropna(subset=["sent_at"]).drop_duplicates("event_id")
    rows = marked[["event_id", "position", "sent_at"]].join(spans, on="event_id", how="inner")
    return rows.sort_values(["key", "sent_at", "position"], kind="stable", ignore_index=True)


def _split(keyed: pd.DataFrame) -> Ids:
    """Keys with messages in several partitions."""
    pairs = keyed[["key", "partition"]].drop_duplicates()
    return distinct(as_ids(pairs.loc[pairs["key"].duplicated(), "key"]))


def _swapped(sent: pd.DataFrame) -> Ids:
    """Events with all their messages before the first message of an event that was to come before them."""
    suspect = sent.loc[(sent["last"] < _highest_before(sent["key"], sent["first"])).to_numpy(), "key"]
    if suspect.empty:
        return NONE
    sent = sent.assign(middle=sent.groupby("sent_at")["position"].transform("median"))
    rows = sent[contained(as_ids(sent["key"]), distinct(as_ids(suspect)))].reset_index(drop=True)
    return as_ids(rows.loc[(rows["last"] < _highest_before_by_both(rows)).to_numpy(), "event_id"])


def _highest_before_by_both(rows: pd.DataFrame) -> Moments:
    """For each row the highest `first` of those of its key that are before it by `sent_at` and by `middle`.

    Rows of one round are in the order of `position` either way. The rows come in the order of `sent_at`. Every two of
    them meet once as members of neighbouring blocks, whose length doubles, put in the order of `middle` together.
    """
    highest, first = np.full(len(rows), -np.inf), rows["first"].to_numpy(float)
    block, key = np.arange(len(rows)), rows["key"].to_numpy()
    while block.any():
        order = np.lexsort((rows["position"], rows["middle"], key, block // 2))
        later = (block % 2 == 1)[order]
        group = pd.DataFrame({"pair": block[order] // 2, "key": key[order]}).groupby(["pair", "key"]).ngroup()
        before = _highest_before(group, pd.Series(np.where(later, -np.inf, first[order]))).to_numpy()
        highest[order] = np.where(later, np.maximum(highest[order], before), highest[order])
        block = block // 2
    return highest


def _clock_was_set_back(sent: pd.DataFrame) -> bool:
    """Whether a round of the relay lies before another one on the topic and is stamped later, as a whole."""
    rounds = sent.groupby(["partition", "sent_at"], as_index=False).agg(first=("first", "min"), last=("last", "max"))
    return bool((rounds["last"] < _highest_before(rounds["partition"], rounds["first"])).any())


def _early_effects(sent: pd.DataFrame, issues: pd.DataFrame | None) -> Ids:
    """Events that were confirmed before an event whose first message lies before theirs, in the same partition."""
    if issues is None:
        return NONE
    confirmed = issues.dropna(subset=["confirmed_at"]).drop_duplicates("event_id").set_index("event_id")["confirmed_at"]
    rows = sent.assign(at=sent["event_id"].map(confirmed)).dropna(subset=["at"])
    rows = rows.sort_values(["key", "partition", "first"], kind="stable", ignore_index=True)
    highest_before = _highest_before(rows["key"], rows["at"])
    return as_ids(rows.loc[(rows["at"] < highest_before).to_numpy(), "event_id"])


def _highest_before(key: pd.Series, value: pd.Series) -> pd.Series:
    """For each row, rows of one key being together, the highest value of those before it (−inf for the first)."""
    highest = value.astype("float64").groupby(key, sort=False).cummax()
    first = (key != key.shift()).to_numpy()
    return pd.Series(np.where(first, -np.inf, highest.shift().to_numpy()), index=value.index)
