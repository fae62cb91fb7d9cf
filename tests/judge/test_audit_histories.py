"""The audit against random histories: whatever a correct service does passes, one corruption turns it red.

The model is the simplest correct service there can be: one stock, a set of holders, an outbox, a
topic and an inbox. Clients ask (again and again), lose replies and are interrupted; requests fail
and give back what they had reserved while others asked; the relay sends twice and the consumer
sees a message twice, as they may.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rushlab.judge.audit import AuditEvidence, audit
from rushlab.model.verdict import Audit, Status

USERS = st.integers(1, 12)

#: A busy machine is no reason to fail.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class CorrectService:
    """Issues coupons by the book and remembers what everybody saw."""

    def __init__(self, stock: int, tells_what_it_gave_back: bool = True) -> None:
        self.stock = stock
        self.tells_what_it_gave_back = tells_what_it_gave_back
        self.clock = 100.0
        self.holders: dict[int, int] = {}  # user → event
        self.attempts: list[tuple[int, int, float, float]] = []
        self.counted = {"issued": 0, "already": 0, "sold_out": 0, "failed": 0}
        self.messages: list[int] = []
        self.reserved: set[int] = set()
        self.given_back = 0

    def ask(self, user: int, reply: str) -> None:
        """One request; its reply is seen, lost (status 0), or its iteration interrupted (no point at all)."""
        started, self.clock = self.clock, self.clock + 0.01
        status = self._decide(user)
        if reply == "interrupted":
            return
        self.attempts.append((user, 0 if reply == "lost" else status, started, self.clock - 0.001))

    def fail_before_anything(self, user: int, status: int) -> None:
        """A request that is refused or breaks before it changes anything."""
        self.attempts.append((user, status, self.clock, self.clock + 0.005))
        self.counted["failed"] += status >= 500
        self.clock += 0.01

    def fail_after_reserving(self, user: int, reply: str, meanwhile: list[int]) -> None:
        """A request that reserves, cannot commit, and gives its reservation back; others ask meanwhile."""
        if self._refusal(user):
            return
        started, self.clock = self.clock, self.clock + 0.01
        self.reserved.add(user)
        for other in meanwhile:
            self.ask(other, "seen")
        self.reserved.discard(user)
        self.given_back += 1
        self.counted["failed"] += 1
        if reply != "interrupted":
            self.attempts.append((user, 0 if reply == "lost" else 503, started, self.clock))
        self.clock += 0.01

    def resend(self, nth: int) -> None:
        """The relay sends one message again."""
        events = list(self.holders.values())
        self.messages.append(events[nth % len(events)])

    def _refusal(self, user: int) -> int | None:
        if user in self.holders or user in self.reserved:
            return 409
        return 410 if len(self.holders) + len(self.reserved) >= self.stock else None

    def _decide(self, user: int) -> int:
        refusal = self._refusal(user)
        if refusal:
            self.counted["already" if refusal == 409 else "sold_out"] += 1
            return refusal
        self.counted["issued"] += 1
        event = 1000 + len(self.holders)
        self.holders[user] = event
        self.messages.append(event)
        return 201

    def _samples(self, users: int) -> pd.DataFrame:
        """Somebody looked every second."""
        at = np.arange(0.0, self.clock + 2)
        left = self.stock - users
        return pd.DataFrame({"at": at, "issued": users, "database_remaining": np.nan, "redis_remaining": left})

    def attempts_frame(self) -> pd.DataFrame:
        frame = pd.DataFrame(self.attempts, columns=["user", "status", "started", "ended"])
        return frame.astype({"user": "Int64", "status": "int64", "started": "float64", "ended": "float64"})

    def evidence(self) -> AuditEvidence:
        users, events = np.array(list(self.holders), "int64"), np.array(list(self.holders.values()), "int64")
        owner = {event: user for user, event in self.holders.items()}
        issues = pd.DataFrame(
            {"user_id": users, "event_id": events, "accepted_at": 1.0, "confirmed_at": 2.0, "confirmations": 1}
        )
        messages = np.array(self.messages, "int64")
        topic = pd.DataFrame({"event_id": messages, "user_id": [owner[event] for event in self.messages]})
        return AuditEvidence(
            issues=issues,
            outbox=pd.DataFrame({"event_id": events, "user_id": users, "status": 1, "sent_at": 1.5}).assign(
                position=range(len(events))
            ),
            topic=topic.assign(partition=0, offset=range(len(topic)), key=1),
            effects=pd.DataFrame({"event_id": events}),
            dead=pd.DataFrame({"partition": [], "offset": []}, dtype="int64"),
            reservation="redis-lua",
            stock=self.stock,
            stock_ordered=self.stock,
            redis_remaining=self.stock - len(users),
            samples=self._samples(len(users)),
            drained=self.clock,
            service_requests=self.counted,
            given_back=self.given_back if self.tells_what_it_gave_back else None,
            redis_rebuilds=0,
        )


def failed(result: Audit) -> set[str]:
    return {check.id for check in result.invariants if check.status is Status.FAIL}


class Histories(RuleBasedStateMachine):
    """Every step of every history is a history, and none of them may fail."""

    @initialize(stock=st.integers(1, 5), tells=st.booleans())
    def open(self, stock: int, tells: bool) -> None:
        self.service = CorrectService(stock, tells_what_it_gave_back=tells)

    @rule(user=USERS, reply=st.sampled_from(["seen", "seen", "seen", "lost", "interrupted"]))
    def ask(self, user: int, reply: str) -> None:
        self.service.ask(user, reply)

    @rule(user=USERS, status=st.sampled_from([0, 400, 404, 422, 500, 503]))
    def fail(self, user: int, status: int) -> None:
        self.service.fail_before_anything(user, status)

    @rule(user=USERS, reply=st.sampled_from(["seen", "lost", "interrupted"]), meanwhile=st.lists(USERS, max_size=5))
    def fail_after_reserving(self, user: int, reply: str, meanwhile: list[int]) -> None:
        self.service.fail_after_reserving(user, reply, meanwhile)

    @precondition(lambda self: self.service.holders)
    @rule(nth=st.integers(0, 20))
    def resend(self, nth: int) -> None:
        self.service.resend(nth)

    @invariant()
    def nothing_fails(self) -> None:
        result = audit(self.service.attempts_frame(), self.service.evidence())
        assert failed(result) == set()
        assert (result.counts["lost"], result.counts["duplicated"], result.counts["oversold"]) == (0, 0, 0)
        assert result.counts["leaked"] == 0


TestHistories = Histories.TestCase
TestHistories.settings = settings(UNHURRIED, max_examples=25, stateful_step_count=25)


@st.composite
def histories(draw: Any) -> CorrectService:
    """A finished run with at least two coupons issued, seen by their users, and a sold-out reply."""
    service = CorrectService(stock=draw(st.integers(2, 8)))
    for user in (101, 102):
        service.ask(user, "seen")
    for user, reply in draw(st.lists(st.tuples(USERS, st.sampled_from(["seen", "seen", "lost"])), max_size=25)):
        service.ask(user, reply)
    for user in range(200, 200 + service.stock + 1):
        service.ask(user, "seen")
    return service


@settings(UNHURRIED, max_examples=60)
@given(histories())
def test_a_correct_history_passes(service: CorrectService) -> None:
    result = audit(service.attempts_frame(), service.evidence())
    assert result.verdict is Status.PASS
    assert result.counts["rows"] == result.counts["topic_messages"] == service.stock


def drop_row(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    """The row of a user who was told 201 disappears, with its event and effect."""
    told = sorted(set(attempts.loc[attempts["status"] == 201, "user"]))
    user = told[pick % len(told)]
    gone = good.issues.loc[good.issues["user_id"] == user, "event_id"].iloc[0]
    kept = {
        name: frame[frame["event_id"] != gone]
        for name in ("issues", "outbox", "topic", "effects")
        if (frame := getattr(good, name)) is not None
    }
    return attempts, replace(good, **kept, redis_remaining=1), "I3"


def duplicate_row(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    again = good.issues.iloc[[pick % len(good.issues)]].assign(event_id=5000)
    return attempts, replace(good, issues=pd.concat([good.issues, again])), "I2"


def drop_message(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    event = good.topic["event_id"].iloc[pick % len(good.topic)]
    return attempts, replace(good, topic=good.topic[good.topic["event_id"] != event]), "I8"


def drop_outbox(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    return attempts, replace(good, outbox=good.outbox.drop(index=pick % len(good.outbox))), "I7"


def double_effect(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    confirmations = good.issues["confirmations"].to_numpy().copy()
    confirmations[pick % len(confirmations)] += 1
    return attempts, replace(good, issues=good.issues.assign(confirmations=confirmations)), "I9"


def lost_effect(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    row = pick % len(good.issues)
    issues = good.issues.copy()
    issues.loc[row, ["confirmed_at", "confirmations"]] = [math.nan, 0]
    return attempts, replace(good, issues=issues, effects=good.effects.drop(index=row)), "I9"


def phantom(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    """The requests of one holder vanish, from the service's count too: his row is left, and nobody asked for it."""
    counted = dict(good.service_requests) | {"issued": good.service_requests["issued"] - 1}
    told = sorted(set(attempts.loc[attempts["status"] == 201, "user"]))
    return attempts[attempts["user"] != told[pick % len(told)]], replace(good, service_requests=counted), "I4"


def oversell(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    return attempts, replace(good, stock_ordered=len(good.issues) - 1 - pick % 2, redis_remaining=0), "I1"


def more_left_than_there_is(
    attempts: pd.DataFrame, good: AuditEvidence, pick: int
) -> tuple[pd.DataFrame, AuditEvidence, str]:
    return attempts, replace(good, redis_remaining=1 + pick), "I6"


def late_winner(attempts: pd.DataFrame, good: AuditEvidence, pick: int) -> tuple[pd.DataFrame, AuditEvidence, str]:
    """One reply says sold out before the last accepted request has begun, and nobody failed."""
    end = float(attempts["started"].min()) - 1
    early = pd.DataFrame({"user": [900 + pick], "status": [410], "started": [end - 1], "ended": [end]})
    seen = attempts[attempts["status"].isin([201, 409, 410])]
    return pd.concat([seen, early.astype(attempts.dtypes)]), good, "I13"


def refuses_with_coupons_left(
    attempts: pd.DataFrame, good: AuditEvidence, pick: int
) -> tuple[pd.DataFrame, AuditEvidence, str]:
    """One of those who got a coupon never asked: one was left when the others were told "sold out"."""
    user = sorted(set(attempts.loc[attempts["status"] == 201, "user"]))[pick % 2]
    kept = {
        name: frame[frame["user_id"] != user]
        for name in ("issues", "outbox", "topic")
        if (frame := getattr(good, name)) is not None
    }
    effects = good.effects[good.effects["event_id"].isin(kept["issues"]["event_id"])]
    seen = attempts[(attempts["user"] != user) & attempts["status"].isin([201, 409, 410])]
    return seen, replace(good, **kept, effects=effects, redis_remaining=1), "I13"


def refuses_as_already_issued(
    attempts: pd.DataFrame, good: AuditEvidence, pick: int
) -> tuple[pd.DataFrame, AuditEvidence, str]:
    """Somebody who never had a coupon is told 409."""
    lie = pd.DataFrame({"user": [900 + pick], "status": [409], "started": [1.0], "ended": [1.1]})
    return pd.concat([attempts, lie.astype(attempts.dtypes)]), good, "I13"


CORRUPTIONS = [
    drop_row,
    duplicate_row,
    drop_message,
    drop_outbox,
    double_effect,
    lost_effect,
    phantom,
    oversell,
    more_left_than_there_is,
    late_winner,
    refuses_with_coupons_left,
    refuses_as_already_issued,
]


@settings(UNHURRIED, max_examples=150)
@given(histories(), st.sampled_from(CORRUPTIONS), st.integers(0, 30))
def test_one_corruption_turns_its_invariant_red(service: CorrectService, corrupt: Any, pick: int) -> None:
    attempts, evidence, expected = corrupt(service.attempts_frame(), service.evidence(), pick)
    assert expected in failed(audit(attempts, evidence))
