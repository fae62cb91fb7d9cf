"""I10, order per key: what the relay saw in an order arrives, and has its effect, in that order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rushlab.judge.checks import check, decide, examples
from rushlab.judge.events import UNREADABLE
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import NONE, Ids, as_ids, contained, distinct
from rushlab.model.verdict import Check, Status

ID, TITLE = "I10", "order per key"
_EMPTY = pd.DataFrame({"key": []}, dtype="int64")


def order_per_key(evidence: AuditEvidence) -> Check:
    """I10: messages of one key are in one partition, in the order of their outbox rows, and so are their effects.

    An id of the outbox is drawn before its row is committed, so a row may come late: the order that can be kept is
    that of the rows that a round of the relay saw together (`position`), round after round (`sent_at`). A message may
    be sent again, so an order is broken only when everything sent of the later event lies before everything of the
    earlier one. Effects follow the first message of each event.
    """
    lacking = _lacking(evidence)
    sent, split, swapped, early = _EMPTY, NONE, NONE, NONE
    if evidence.topic is not None and evidence.outbox is not None and not _columns_missing(evidence):
        known = contained(evidence.ids("topic", "event_id"), evidence.ids("outbox", "event_id"))
        keyed = evidence.topic[known & (evidence.topic["key"] != UNREADABLE)]
        sent = _sent(keyed, evidence.outbox)
        split, swapped, early = _split(keyed), _swapped(sent), _early_effects(sent, evidence.issues)
    if not lacking and not len(split) and not sent["key"].duplicated().any():
        reason = f"{len(sent):,} events, by {evidence.partition_key or 'an unrecorded key'}"
        return check(ID, TITLE, Status.NA, value="no key has two events", limit="", evidence=[reason])
    return check(
        ID,
        TITLE,
        decide(len(split) + len(swapped) + len(early) > 0, lacking),
        value=f"{len(split):,} keys in several partitions, {len(swapped):,} messages and {len(early):,} effects "
        "before an earlier one of their key",
        limit="0 each",
        evidence=[
            f"{len(sent):,} events, {sent['key'].nunique():,} keys ({evidence.partition_key or 'knob not recorded'})",
            examples("keys", split),
            examples("events sent too early", swapped),
            examples("events applied too early", early),
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
    highest_before = _highest_before(sent["key"], sent["first"])
    return as_ids(sent.loc[(sent["last"] < highest_before).to_numpy(), "event_id"])


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
