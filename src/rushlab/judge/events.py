"""Invariants of the asynchronous half: issue row, outbox row, message, effect."""

from __future__ import annotations

import pandas as pd

from rushlab.judge.checks import check, decide, examples
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import NONE, Ids, as_ids, common, contained, distinct, in_one_only, minus, repeated
from rushlab.model.verdict import Check

#: Event id of a message that could not be read.
UNREADABLE = -1


def state_and_event(evidence: AuditEvidence) -> Check:
    """I7: issue rows and outbox rows one to one, messages of their events only; the same user in all three.

    Foreign messages that were put there on purpose are none, as far as there are not more of them.
    """
    lacking = evidence.lacking("issues", "outbox", "topic")
    tables = evidence.issues is not None and evidence.outbox is not None
    wrong = _unpaired(evidence) if tables else NONE
    foreign = _foreign_messages(evidence) if tables else NONE
    misnamed = _misnamed(evidence)
    rows, events = len(evidence.ids("issues", "event_id")), len(evidence.ids("outbox", "event_id"))
    return check(
        "I7",
        "state and event together",
        decide(len(wrong) + len(foreign) + len(misnamed) > 0, lacking),
        value=f"{len(wrong):,} events without their counterpart, {len(foreign):,} foreign messages, "
        f"{len(misnamed):,} naming another user",
        limit="0, 0 and 0",
        evidence=[
            f"{rows:,} issue rows, {events:,} outbox rows, {len(evidence.ids('topic', 'event_id')):,} messages",
            examples("events", wrong),
            examples("messages of events", foreign),
            examples("another user in the messages of events", misnamed),
            *lacking,
        ],
    )


def lost_events(evidence: AuditEvidence) -> Ids:
    """Events of the outbox that are not on the topic."""
    return minus(evidence.ids("outbox", "event_id"), evidence.ids("topic", "event_id"))


def at_least_once(evidence: AuditEvidence) -> Check:
    """I8: every outbox row is on the topic, whatever its status says.

    Without a drain, a row that is still pending may come yet; one that is marked as sent may not.
    """
    lacking = evidence.lacking("outbox", "topic")
    absent = NONE if lacking else lost_events(evidence)
    pending = _pending_events(evidence)
    waiting = common(absent, pending) if evidence.drained is None else NONE
    lost = minus(absent, waiting)
    lacking += evidence.on_the_way(waiting)
    return check(
        "I8",
        "event at least once on the topic",
        decide(len(lost) > 0, lacking),
        value=f"{len(lost):,} lost of {len(evidence.ids('outbox', 'event_id')):,}",
        limit="0",
        evidence=[
            f"{len(evidence.ids('topic', 'event_id')):,} messages, {topic_duplicates(evidence) or 0:,} of them again",
            f"{len(pending):,} outbox rows still pending" if len(pending) else "",
            examples("events", lost),
            *lacking,
        ],
    )


def topic_duplicates(evidence: AuditEvidence) -> int | None:
    """Messages beyond the first of their event: allowed, counted apart."""
    if evidence.topic is None:
        return None
    events = evidence.ids("topic", "event_id")
    readable = events[events != UNREADABLE]
    return len(readable) - len(distinct(readable))


def effect_once(evidence: AuditEvidence) -> Check:
    """I9: each event has exactly one effect: one applied row, and one confirmation of its issue row.

    Without a drain, an event without any effect may have it yet, unless the consumers have
    committed its message as done.
    """
    lacking = evidence.lacking("issues", "outbox", "effects")
    amiss = _wrong_effects(evidence)
    waiting = minus(amiss, distinct(_touched(evidence), passed_over(evidence))) if evidence.drained is None else NONE
    wrong = minus(amiss, waiting)
    lacking += evidence.on_the_way(waiting)
    return check(
        "I9",
        "effect exactly once",
        decide(len(wrong) > 0, lacking),
        value=f"{len(wrong):,} events without exactly one effect",
        limit="0",
        evidence=[
            f"{len(evidence.ids('effects', 'event_id')):,} effects of {len(_events(evidence)):,} events",
            examples("events", wrong),
            *lacking,
        ],
    )


def passed_over(evidence: AuditEvidence) -> Ids:
    """Events with a message that the consumer group has committed as done, one entry per message."""
    if evidence.topic is None or evidence.group_offsets is None:
        return NONE
    done = {int(partition): offset for partition, offset in evidence.group_offsets.items()}
    committed = evidence.topic["partition"].map(done).fillna(0)
    return as_ids(evidence.topic.loc[evidence.topic["offset"] < committed, "event_id"])


def _unpaired(evidence: AuditEvidence) -> Ids:
    """Events that are not exactly once in both tables, or that name another user there."""
    issues, outbox = evidence.ids("issues", "event_id"), evidence.ids("outbox", "event_id")
    wrong = [in_one_only(issues, outbox), repeated(issues), repeated(outbox)]
    users, others = _user_of_event(evidence, "issues"), _user_of_event(evidence, "outbox")
    both = users.index.intersection(others.index)
    differs = users.loc[both].to_numpy() != others.loc[both].to_numpy()
    return distinct(*wrong, as_ids(both)[differs])


def _foreign_messages(evidence: AuditEvidence) -> Ids:
    """Events on the topic that neither table knows; none when there are as many as were put there on purpose."""
    topic = evidence.ids("topic", "event_id")
    known = distinct(evidence.ids("issues", "event_id"), evidence.ids("outbox", "event_id"))
    foreign = topic[~contained(topic, known)]
    return NONE if len(foreign) <= evidence.poisoned else distinct(foreign)


def _misnamed(evidence: AuditEvidence) -> Ids:
    """Events with a message that names another user than their outbox row (the first of it)."""
    if evidence.topic is None or evidence.outbox is None:
        return NONE
    expected = _user_of_event(evidence, "outbox").reindex(evidence.topic["event_id"])
    differs = expected.notna().to_numpy() & (expected.to_numpy() != evidence.topic["user_id"].to_numpy())
    return distinct(evidence.ids("topic", "event_id")[differs])


def _user_of_event(evidence: AuditEvidence, frame: str) -> pd.Series:
    """Event → user; of an event that is there twice the first."""
    users = pd.Series(evidence.ids(frame, "user_id"), index=evidence.ids(frame, "event_id"))
    return users[~users.index.duplicated()]


def _wrong_effects(evidence: AuditEvidence) -> Ids:
    wrong: list[Ids] = []
    effects = evidence.ids("effects", "event_id")
    if evidence.effects is not None:
        wrong.append(repeated(effects))
        if evidence.issues is not None and evidence.outbox is not None:
            wrong.append(in_one_only(effects, _events(evidence)))
    if evidence.issues is not None:
        once = (evidence.issues["confirmations"] == 1) & evidence.issues["confirmed_at"].notna()
        wrong.append(evidence.ids("issues", "event_id")[~once.to_numpy()])
    return distinct(NONE, *wrong)


def _touched(evidence: AuditEvidence) -> Ids:
    """Events with any sign of an effect."""
    if evidence.issues is None:
        return evidence.ids("effects", "event_id")
    confirmed = (evidence.issues["confirmations"] != 0) | evidence.issues["confirmed_at"].notna()
    return distinct(evidence.ids("effects", "event_id"), as_ids(evidence.issues.loc[confirmed, "event_id"]))


def _pending_events(evidence: AuditEvidence) -> Ids:
    """Events whose outbox row is not marked as sent."""
    if evidence.outbox is None:
        return NONE
    return as_ids(evidence.outbox.loc[evidence.outbox["status"] == 0, "event_id"])


def _events(evidence: AuditEvidence) -> Ids:
    """Every event that has an outbox row."""
    return distinct(evidence.ids("outbox", "event_id"))
