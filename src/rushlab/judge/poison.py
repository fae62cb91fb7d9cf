"""I11, poisonous messages are set aside after the promised tries: they reach the dead-letter topic, and those behind
them move on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rushlab.judge.aftermath import RECOVERY_S
from rushlab.judge.checks import check, decide
from rushlab.judge.events import UNREADABLE
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.ids import NONE, Ids, Mask, as_ids, contained
from rushlab.model.verdict import Check, Status

ID, TITLE = "I11", "poisonous messages set aside"
PLACE = ["partition", "offset"]
#: How often the service promises to try an event before it sets its message aside.
PROMISED_TRIES = 3


def set_aside(evidence: AuditEvidence) -> Check:
    """I11: every message that cannot be applied is among the dead letters, and the messages behind it had effect.

    Poisonous is a message that cannot be read, or whose event has neither issue nor outbox row. One that is not set
    aside is a FAIL where a message behind it in its partition has had its effect or the group has committed it as
    done: it was passed over. Where the messages behind it wait, it blocks them; without a drain that may still end.
    One that was set aside after fewer tries than promised is a FAIL too: an event is tried 3 times, what cannot be read
    is read once.
    """
    lacking = evidence.lacking("topic", "issues", "outbox", "dead")
    poison = _poison(evidence)
    letters = 0 if evidence.dead is None else len(evidence.dead)
    if not lacking and poison.empty and not letters:
        return check(ID, TITLE, Status.NA, value="no poisonous message came", limit="", evidence=["topic of the run"])
    missing = poison[~_among(poison, evidence.dead)] if evidence.dead is not None else poison.iloc[:0]
    passed = missing[_passed(missing, evidence)]
    blocked = _blocked(poison, evidence)
    stuck = blocked > 0 and _waited_long(evidence)
    short = too_few_tries(evidence) or 0
    lacking += _untold(evidence)
    lacking += [f"{len(missing) - len(passed):,} may not have been reached yet"] if len(missing) > len(passed) else []
    lacking += [f"{blocked:,} messages behind them had no effect yet"] if blocked else []
    return check(
        ID,
        TITLE,
        decide(len(passed) > 0 or stuck or short > 0, lacking),
        value=f"{len(poison) - len(missing):,} of {len(poison):,} set aside, {short:,} after too few tries, "
        f"{blocked:,} messages behind them waiting",
        limit=f"all, after {PROMISED_TRIES} tries (1 for what cannot be read), 0 waiting",
        evidence=[f"{letters:,} dead letters after {tries(evidence) or 0:,} tries", _places(missing), *lacking],
    )


def tries(evidence: AuditEvidence) -> int | None:
    """Tries of all dead letters together, as far as they tell; None when none of them can."""
    told = _told_tries(evidence)
    return None if told is None else int(told[told >= 0].sum())


def too_few_tries(evidence: AuditEvidence) -> int | None:
    """Dead letters that tell of fewer tries than were promised; None when that cannot be said."""
    told = _told_tries(evidence)
    if told is None or evidence.dead is None or evidence.topic is None:
        return None
    unreadable = evidence.topic.loc[evidence.ids("topic", "event_id") == UNREADABLE, PLACE]
    promised = np.where(_among(evidence.dead, unreadable), 1, PROMISED_TRIES)
    return int(((told >= 0) & (told < promised)).sum())


def _told_tries(evidence: AuditEvidence) -> Ids | None:
    """Tries of each dead letter, negative = it does not tell; None without the letters, or where old ones have none."""
    if evidence.dead is None or (len(evidence.dead) and "tries" not in evidence.dead):
        return None
    return as_ids(evidence.dead["tries"]) if len(evidence.dead) else NONE


def _untold(evidence: AuditEvidence) -> list[str]:
    """A sentence for dead letters of which nobody knows how often they were tried."""
    letters, told = 0 if evidence.dead is None else len(evidence.dead), _told_tries(evidence)
    silent = letters if told is None else int((told < 0).sum())
    return [f"{silent:,} dead letters do not tell how often they were tried"] if silent else []


def _poison(evidence: AuditEvidence) -> pd.DataFrame:
    """Places of the messages that no consumer can apply: partition, offset."""
    if evidence.topic is None:
        return pd.DataFrame({"partition": [], "offset": []}, dtype="int64")
    events = evidence.ids("topic", "event_id")
    bad = events == UNREADABLE
    if evidence.issues is not None and evidence.outbox is not None:
        bad |= ~contained(
            events, np.concatenate([evidence.ids("issues", "event_id"), evidence.ids("outbox", "event_id")])
        )
    rows: pd.DataFrame = evidence.topic.loc[bad, PLACE]
    return rows


def _among(places: pd.DataFrame, letters: pd.DataFrame) -> Mask:
    """For each place whether it is one of the letters'."""
    found: Mask = pd.MultiIndex.from_frame(places[PLACE]).isin(pd.MultiIndex.from_frame(letters[PLACE]))
    return found


def _passed(places: pd.DataFrame, evidence: AuditEvidence) -> Mask:
    """For each place whether the consumers are certainly behind it."""
    reached = _furthest_effect(evidence)
    for partition, offset in (evidence.group_offsets or {}).items():
        reached[int(partition)] = max(reached.get(int(partition), -1), offset - 1)
    furthest = as_ids(places["partition"].map(lambda partition: reached.get(partition, -1)))
    passed: Mask = furthest >= as_ids(places["offset"])
    return passed


def _furthest_effect(evidence: AuditEvidence) -> dict[int, int]:
    """Partition → highest offset of a message that alone can have caused its event's effect (its only one)."""
    if evidence.topic is None:
        return {}
    once = evidence.topic[~evidence.topic["event_id"].duplicated(keep=False)]
    effective = once[contained(as_ids(once["event_id"]), evidence.ids("effects", "event_id"))]
    return {int(str(part)): int(at) for part, at in effective.groupby("partition")["offset"].max().items()}


def _blocked(poison: pd.DataFrame, evidence: AuditEvidence) -> int:
    """Messages behind a poisonous one in its partition whose event has no effect."""
    if poison.empty or evidence.topic is None or evidence.effects is None:
        return 0
    first = evidence.topic["partition"].map(poison.groupby("partition")["offset"].min())
    behind = evidence.topic[(evidence.topic["offset"] > first).to_numpy()]
    rows = behind[~_among(behind, poison)]
    return int((~contained(as_ids(rows["event_id"]), evidence.ids("effects", "event_id"))).sum())


def _waited_long(evidence: AuditEvidence) -> bool:
    """Whether consumers had 30 s* after the last accept before the evidence was collected."""
    if evidence.collected is None or evidence.issues is None or evidence.issues.empty:
        return False
    return bool(evidence.collected - evidence.issues["accepted_at"].max() > RECOVERY_S)


def _places(missing: pd.DataFrame) -> str:
    shown = [f"partition {part} offset {at}" for part, at in missing.head(3).itertuples(index=False)]
    return f"not set aside: {', '.join(shown)}" if shown else ""
