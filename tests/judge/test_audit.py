"""The audit against hand-made histories: a good one, and for each invariant one that breaks it alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from rushlab.judge.audit import AuditEvidence, audit
from rushlab.model.run import Fault
from rushlab.model.verdict import Audit, Status

Attempt = tuple[int | None, int, float, float]

#: Six users on a stock of four: 1 to 3 got one, 4 got a 503 but has one, 5 came too late, 1 asked twice.
ATTEMPTS: list[Attempt] = [
    (1, 201, 10.0, 10.1),
    (2, 201, 10.0, 10.1),
    (3, 201, 10.1, 10.2),
    (4, 503, 10.1, 10.3),
    (1, 409, 10.4, 10.5),
    (5, 410, 10.5, 10.6),
]


def attempts_frame(rows: Iterable[Attempt]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["user", "status", "started", "ended"])
    return frame.astype({"user": "Int64", "status": "int64", "started": "float64", "ended": "float64"})


def issues_frame(*users: int, confirmations: int = 1) -> pd.DataFrame:
    """Issue rows of these users; the event of user n is 100 + n (a repeated user's second row: 200 + n)."""
    events = [(200 if users[:at].count(user) else 100) + user for at, user in enumerate(users)]
    return pd.DataFrame(
        {
            "user_id": pd.Series(users, dtype="int64"),
            "event_id": pd.Series(events, dtype="int64"),
            "accepted_at": 10.0,
            "confirmed_at": 11.0,
            "confirmations": confirmations,
        }
    )


def evidence_of(*users: int, stock: int = 4, **changes: object) -> AuditEvidence:
    """What a correct service leaves behind when these users have a coupon."""
    issues = issues_frame(*users)
    evidence = AuditEvidence(
        issues=issues,
        outbox=issues[["event_id", "user_id"]].assign(status=1, position=range(len(issues)), sent_at=10.5),
        topic=issues[["event_id", "user_id"]].assign(partition=0, offset=range(len(issues)), key=1),
        effects=issues[["event_id"]],
        dead=pd.DataFrame({"partition": [], "offset": []}, dtype="int64"),
        reservation="redis-lua",
        partition_key="coupon",
        stock=stock,
        stock_ordered=stock,
        redis_remaining=stock - len(users),
        redis_users=len(users),
        samples=samples_frame((10.0, 0, None, stock), (20.0, len(users), None, stock - len(users))),
        service_requests={},  # it counted nothing that k6 did not report
        drained=12.0,
    )
    return replace(evidence, **changes)  # type: ignore[arg-type]


def samples_frame(*rows: tuple[float, int | None, int | None, int | None]) -> pd.DataFrame:
    """At, issued, what is left in the database and in Redis; None = not to be had."""
    columns = ["at", "issued", "database_remaining", "redis_remaining"]
    return pd.DataFrame(list(rows), columns=columns, dtype="float64")


def statuses(result: Audit) -> dict[str, str]:
    return {check.id: check.status.value for check in result.invariants}


def failed(result: Audit) -> list[str]:
    return [check.id for check in result.invariants if check.status is Status.FAIL]


def unknown(result: Audit) -> list[str]:
    return [check.id for check in result.invariants if check.status is Status.UNKNOWN]


def says(result: Audit, id: str) -> str:
    check = next(check for check in result.invariants if check.id == id)
    return f"{check.value} | {check.limit} | {check.evidence}"


def test_a_good_history_passes_everything_that_is_judged() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4))
    judged = {id: status for id, status in statuses(result).items() if id not in ("I11", "I12", "I14")}
    assert judged == dict.fromkeys(["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I13"], "PASS")
    assert result.verdict is Status.PASS
    assert result.counts == {
        "attempts": 6,
        "accepted": 3,
        "confirmed": 4,
        "lost": 0,
        "unexpected": 0,
        "duplicated": 0,
        "recovered": 1,
        "rows": 4,
        "oversold": 0,
        "stock_samples": 2,
        "leaked": 0,
        "topic_messages": 4,
        "topic_duplicates": 0,
        "dead_letters": 0,
        "dead_letter_tries": 0,
        "dead_letters_too_few_tries": 0,
    }


def test_what_does_not_apply_is_never_a_pass_and_says_why() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4))
    others = [check for check in result.invariants if check.id in ("I11", "I12", "I14")]
    assert [check.status for check in others] == [Status.NA] * 3
    assert [check.value for check in others] == [
        "no poisonous message came",
        "no fault was injected",
        "no lock with a time to live decides",
    ]


def test_a_run_in_which_nothing_was_asked_is_correct() -> None:
    result = audit(attempts_frame([]), evidence_of())
    assert (failed(result), unknown(result)) == ([], [])
    assert statuses(result)["I13"] == "NA"


# One history per invariant: that one is red, and no other.


def test_i1_a_stock_that_is_decremented_below_zero() -> None:
    result = audit(attempts_frame((user, 201, 10.0, 10.1) for user in (1, 2, 3)), evidence_of(1, 2, 3, stock=2))
    assert failed(result) == ["I1"]
    assert result.counts["oversold"] == 1
    assert "1 beyond the stock" in says(result, "I1")


def test_i1_a_single_sample_beyond_the_stock() -> None:
    """Oversold for a moment and tidied up before the end: the tables of the end know nothing of it."""
    samples = samples_frame((10.0, 0, None, 4), (15.0, 5, None, 0), (20.0, 4, None, 0))
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4, samples=samples))
    assert failed(result) == ["I1"]
    assert result.counts["oversold"] == 1
    assert "3 samples during the run: at most 5 issued, at least 0 left (redis_remaining)" in says(result, "I1")


@pytest.mark.parametrize(("reservation", "keeper"), [("redis-lua", 3), ("db-lock", 2), ("redis-lock", 2)])
def test_i1_a_single_sample_of_a_stock_below_zero(reservation: str, keeper: int) -> None:
    rows = [[10.0, 0, 4, 4], [15.0, 4, 0, 0], [20.0, 4, 0, 0]]
    rows[1][keeper] = -1
    evidence = evidence_of(
        1, 2, 3, 4, reservation=reservation, database_remaining=0, samples=samples_frame(*map(tuple, rows))
    )
    assert failed(audit(attempts_frame(ATTEMPTS), evidence)) == ["I1"]
    rows[1][5 - keeper] = -1  # the other one's business
    rows[1][keeper] = 0
    evidence = replace(evidence, samples=samples_frame(*map(tuple, rows)))
    assert failed(audit(attempts_frame(ATTEMPTS), evidence)) == []


def test_i1_without_samples_is_unknown() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4, samples=None))
    assert unknown(result) == ["I1"]
    assert "no samples: it was not collected" in says(result, "I1")
    assert result.counts["stock_samples"] is None


LONG = [(1, 201, 10.0, 10.1), (2, 201, 35.0, 35.1)]


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([(9.0, 0, None, 4), (20.0, 1, None, 3), (30.0, 1, None, 3), (36.0, 2, None, 2)], "PASS"),
        ([(9.0, 0, None, 4), (25.0, 1, None, 3), (36.0, 2, None, 2)], "UNKNOWN"),  # 15 s unseen
        ([(9.0, 0, None, 4), (20.0, None, None, 3), (30.0, 1, None, 3), (36.0, 2, None, 2)], "UNKNOWN"),
        ([(9.0, 0, None, 4), (20.0, 1, None, None), (30.0, 1, None, 3), (36.0, 2, None, 2)], "UNKNOWN"),
        ([(9.0, 0, None, 4), (19.0, 1, None, 3)], "UNKNOWN"),  # it ended before the load did
        ([], "UNKNOWN"),
    ],
)
def test_i1_samples_cover_the_load_without_a_long_gap(rows: list[Any], verdict: str) -> None:
    evidence = evidence_of(1, 2, samples=samples_frame(*rows))
    result = audit(attempts_frame(LONG), evidence)
    assert statuses(result)["I1"] == verdict
    assert ("without a whole sample" in says(result, "I1")) == (verdict == "UNKNOWN")


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [
        ([(20.0, 30.0)], "PASS"),
        ([(18.0, 24.0), (20.0, 26.0)], "PASS"),  # 8 s of the 16 are explained
        ([(18.0, 20.0), (18.0, 21.0), (18.5, 20.5)], "UNKNOWN"),  # 3 s of 16, however often
        ([(12.0, 17.0), (36.0, None)], "UNKNOWN"),
    ],
)
def test_i1_what_was_broken_on_purpose_is_no_gap(faults: list[Any], verdict: str) -> None:
    broken = [Fault(what="kill", process="mariadb", start=start, end=end) for start, end in faults]
    samples = samples_frame((9.0, 0, None, 4), (17.0, 1, None, 3), (33.0, 1, None, 3), (36.0, 2, None, 2))
    assert statuses(audit(attempts_frame(LONG), evidence_of(1, 2, samples=samples, faults=broken)))["I1"] == verdict


def test_i2_two_coupons_for_one_user() -> None:
    attempts = attempts_frame([(7, 201, 10.0, 10.1), (7, 201, 10.0, 10.1), (8, 201, 10.0, 10.1)])
    result = audit(attempts, evidence_of(7, 7, 8))
    assert failed(result) == ["I2"]
    assert result.counts["duplicated"] == 1
    assert "users 7" in says(result, "I2")


def test_i2_one_row_but_told_201_twice() -> None:
    result = audit(attempts_frame([(7, 201, 10.0, 10.1), (7, 201, 10.2, 10.3)]), evidence_of(7))
    assert failed(result) == ["I2"]


def test_i3_a_201_without_a_row() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 4, redis_remaining=0))
    assert failed(result) == ["I3"]
    assert result.counts["lost"] == 1
    assert "users 3" in says(result, "I3")


def test_i4_a_row_that_nobody_asked_for() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 99))
    assert failed(result) == ["I4"]
    assert result.counts["unexpected"] == 1
    assert "users 99" in says(result, "I4")


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_i4_a_row_of_a_user_whose_only_answer_was_a_refusal(status: int) -> None:
    result = audit(attempts_frame([*ATTEMPTS, (9, status, 10.0, 10.1)]), evidence_of(1, 2, 3, 9))
    assert failed(result) == ["I4"]


def test_i6_more_coupons_than_the_stock_holds() -> None:
    result = audit(attempts_frame(ATTEMPTS[:5]), evidence_of(1, 2, 3, 4, redis_remaining=1))
    assert failed(result) == ["I6"]
    assert result.counts["leaked"] == -1


def test_i6_a_reservation_that_was_never_given_back_is_a_warning() -> None:
    result = audit(attempts_frame(ATTEMPTS[:5]), evidence_of(1, 2, 3, 4, stock=6, redis_remaining=1))
    assert failed(result) == []
    assert statuses(result)["I6"] == "WARN"
    assert result.verdict is Status.WARN
    assert result.counts["leaked"] == 1


def test_i6_a_coupon_that_was_given_more_than_was_ordered() -> None:
    """A service that raises its own stock: table and remainder agree, only the order knows better."""
    attempts = attempts_frame((user, 201, 10.0, 10.1) for user in (1, 2, 3, 4, 5))
    result = audit(attempts, evidence_of(1, 2, 3, 4, 5, stock=5, stock_ordered=4))
    assert failed(result) == ["I1", "I6"]
    assert (result.counts["oversold"], result.counts["leaked"]) == (1, -1)
    more = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4, stock=9, stock_ordered=4, redis_remaining=0))
    assert failed(more) == ["I6"]
    assert "own row says 9 in stock" in says(more, "I6")


def test_without_the_order_the_tables_stock_is_taken_and_said() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4, stock_ordered=None))
    assert result.verdict is Status.PASS
    assert all("what was ordered is not recorded" in says(result, id) for id in ("I1", "I6"))


def test_i7_a_row_without_its_event_and_an_event_without_its_row() -> None:
    good = evidence_of(1, 2, 3, 4)
    assert good.outbox is not None
    assert good.issues is not None
    extra = pd.concat([good.outbox, pd.DataFrame({"event_id": [555], "user_id": [5], "status": [1]})])
    lost_event = replace(good, outbox=good.outbox.iloc[1:], topic=evidence_of(2, 3, 4).topic)
    assert "I7" in failed(audit(attempts_frame(ATTEMPTS), lost_event))
    messages = pd.DataFrame({"event_id": extra["event_id"], "user_id": extra["user_id"], "partition": 0, "offset": 0})
    rolled_back = replace(good, outbox=extra, topic=messages, effects=extra[["event_id"]])
    result = audit(attempts_frame(ATTEMPTS), rolled_back)
    assert failed(result) == ["I7"]
    assert "events 555" in says(result, "I7")


def test_i7_the_event_names_another_user() -> None:
    good = evidence_of(1, 2, 3, 4)
    assert good.outbox is not None
    result = audit(attempts_frame(ATTEMPTS), replace(good, outbox=good.outbox.assign(user_id=[1, 2, 4, 3])))
    assert failed(result) == ["I7"]
    assert "events 103, 104" in says(result, "I7")


def test_i7_a_message_that_belongs_to_no_row() -> None:
    good = evidence_of(1, 2, 3, 4)
    foreign = pd.DataFrame({"event_id": [-1], "user_id": [-1], "partition": [0], "offset": [4]})
    assert good.topic is not None
    result = audit(attempts_frame(ATTEMPTS), replace(good, topic=pd.concat([good.topic, foreign])))
    assert failed(result) == ["I7"]


def test_i7_a_message_that_names_another_user() -> None:
    """The relay sent user 2's event in the name of user 9: the database is right, whoever reads the topic is not."""
    good = evidence_of(1, 2, 3, 4)
    assert good.topic is not None
    wrong = replace(good, topic=good.topic.assign(user_id=[1, 9, 3, 4]))
    result = audit(attempts_frame(ATTEMPTS), wrong)
    assert failed(result) == ["I7"]
    assert "messages of events 102" in says(result, "I7")
    assert failed(audit(attempts_frame(ATTEMPTS), replace(wrong, issues=None))) == ["I7"]


def test_i7_without_the_topic_the_tables_still_prove_a_failure() -> None:
    good = evidence_of(1, 2, 3, 4)
    assert good.outbox is not None
    result = audit(attempts_frame(ATTEMPTS), replace(good, topic=None, outbox=good.outbox.iloc[1:]))
    assert "I7" in failed(result)


def test_i8_an_event_that_never_reached_the_topic() -> None:
    good = evidence_of(1, 2, 3, 4)
    assert good.topic is not None
    result = audit(attempts_frame(ATTEMPTS), replace(good, topic=good.topic.iloc[:-1]))
    assert failed(result) == ["I8"]
    assert "events 104" in says(result, "I8")


def test_i9_an_effect_that_happened_twice() -> None:
    good = evidence_of(1, 2, 3, 4)
    twice = issues_frame(1, 2, 3, 4).assign(confirmations=[1, 1, 2, 1])
    result = audit(attempts_frame(ATTEMPTS), replace(good, issues=twice))
    assert failed(result) == ["I9"]
    assert "events 103" in says(result, "I9")


def test_i9_an_effect_that_was_recorded_twice() -> None:
    good = evidence_of(1, 2, 3, 4)
    assert good.effects is not None
    result = audit(attempts_frame(ATTEMPTS), replace(good, effects=pd.concat([good.effects, good.effects.iloc[:1]])))
    assert failed(result) == ["I9"]


def test_i13_a_coupon_for_a_later_user() -> None:
    late = [*ATTEMPTS[:3], (5, 410, 10.2, 10.3), (6, 201, 10.31, 10.4)]
    result = audit(attempts_frame(late), evidence_of(1, 2, 3, 6))
    assert failed(result) == ["I13"]
    assert "late users 6" in says(result, "I13")


def test_i13_a_row_for_a_user_told_sold_out() -> None:
    result = audit(attempts_frame([*ATTEMPTS[:4], (5, 410, 10.5, 10.6)]), evidence_of(1, 2, 3, 5, redis_remaining=0))
    assert failed(result) == ["I13"]
    assert "users told 410 with a row 5" in says(result, "I13")


def test_i13_a_holder_who_asks_again_must_hear_already_not_sold_out() -> None:
    again = [*ATTEMPTS, (1, 410, 10.7, 10.8)]
    assert failed(audit(attempts_frame(again), evidence_of(1, 2, 3, 4))) == ["I13"]
    overlapping = [*ATTEMPTS, (3, 410, 10.15, 10.8)]
    assert failed(audit(attempts_frame(overlapping), evidence_of(1, 2, 3, 4))) == []


# Services with a known defect.


def test_get_then_set_stock_oversells() -> None:
    """Eight clients read "1 left" at once and each writes "0 left"."""
    attempts = attempts_frame((user, 201, 10.0, 10.1) for user in range(1, 9))
    result = audit(attempts, evidence_of(*range(1, 9), stock=1, redis_remaining=0))
    assert failed(result) == ["I1", "I6"]
    assert (result.counts["oversold"], result.counts["leaked"]) == (7, -7)


def test_get_then_set_stock_loses_updates_before_it_oversells() -> None:
    """Two of four decrements were overwritten: nothing is oversold yet, but the sum is wrong."""
    attempts = attempts_frame((user, 201, 10.0, 10.1) for user in range(1, 5))
    result = audit(attempts, evidence_of(1, 2, 3, 4, stock=10, redis_remaining=8))
    assert failed(result) == ["I6"]


def test_a_removed_unique_key_gives_two_coupons() -> None:
    """A double click: both requests look, neither finds a row, both insert."""
    clicks = attempts_frame([(7, 201, 10.0, 10.1), (7, 201, 10.01, 10.12)])
    assert failed(audit(clicks, evidence_of(7, 7))) == ["I2"]


def test_a_removed_unique_key_shows_even_when_one_reply_was_lost() -> None:
    clicks = attempts_frame([(7, 201, 10.0, 10.1), (7, 0, 10.01, 40.0)])
    assert failed(audit(clicks, evidence_of(7, 7))) == ["I2"]


def test_an_offset_committed_before_processing_loses_effects() -> None:
    """The consumer died between commit and apply: the message is on the topic, its effect nowhere."""
    good = evidence_of(1, 2, 3, 4)
    assert good.effects is not None
    unconfirmed = issues_frame(1, 2, 3, 4).assign(confirmations=[1, 1, 1, 0], confirmed_at=[11, 11, 11, math.nan])
    result = audit(attempts_frame(ATTEMPTS), replace(good, issues=unconfirmed, effects=good.effects.iloc[:3]))
    assert failed(result) == ["I9"]
    assert result.counts["confirmed"] == 3


def test_a_duplicate_message_is_counted_not_failed() -> None:
    """The relay died between produce and mark, and sent again; the inbox kept the effect single."""
    good = evidence_of(1, 2, 3, 4)
    assert good.topic is not None
    result = audit(attempts_frame(ATTEMPTS), replace(good, topic=pd.concat([good.topic, good.topic.iloc[:2]])))
    assert result.verdict is Status.PASS
    assert (result.counts["topic_messages"], result.counts["topic_duplicates"]) == (6, 2)


def test_a_pending_outbox_row_on_the_topic_is_said_not_failed() -> None:
    good = evidence_of(1, 2, 3, 4)
    assert good.outbox is not None
    result = audit(attempts_frame(ATTEMPTS), replace(good, outbox=good.outbox.assign(status=[1, 1, 1, 0])))
    assert result.verdict is Status.PASS
    assert "1 outbox rows still pending" in says(result, "I8")


# A drain that timed out: what may still come is unknown, what can never come right has failed.


def undrained(**changes: object) -> AuditEvidence:
    """Users 1 to 4 have a coupon; the event of user 4 was not sent, that of user 3 is on the topic but not applied."""
    good = evidence_of(1, 2, 3, 4)
    assert good.outbox is not None
    assert good.topic is not None
    assert good.effects is not None
    late = replace(
        good,
        drained=None,
        outbox=good.outbox.assign(status=[1, 1, 1, 0]),
        topic=good.topic.iloc[:3],
        effects=good.effects.iloc[:2],
        issues=issues_frame(1, 2, 3, 4).assign(confirmations=[1, 1, 0, 0], confirmed_at=[11, 11, math.nan, math.nan]),
    )
    return replace(late, **changes)  # type: ignore[arg-type]


def test_a_slow_drain_is_no_lost_event() -> None:
    result = audit(attempts_frame(ATTEMPTS), undrained())
    assert (failed(result), unknown(result)) == ([], ["I8", "I9"])
    assert "not drained when the evidence was collected (1 pending)" in says(result, "I8")
    assert "not drained when the evidence was collected (2 pending)" in says(result, "I9")
    assert failed(audit(attempts_frame(ATTEMPTS), undrained(drained=12.0))) == ["I8", "I9"]


def test_a_timed_out_drain_in_which_everything_came_through_all_the_same_passes() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4, drained=None))
    assert result.verdict is Status.PASS


def test_i8_an_event_marked_as_sent_that_is_not_on_the_topic_has_failed_without_a_drain_too() -> None:
    outbox = undrained().outbox
    assert outbox is not None
    result = audit(attempts_frame(ATTEMPTS), undrained(outbox=outbox.assign(status=1)))
    assert failed(result) == ["I8"]
    assert "events 104" in says(result, "I8")


@pytest.mark.parametrize(
    ("effects", "event"),
    [
        ([101, 102, 102], "102"),  # applied twice
        ([101, 102, 555], "555"),  # applied without an event
        ([101, 102, 103], "103"),  # applied, but its row is not confirmed
        ([101], "102"),  # confirmed, but never applied
    ],
)
def test_i9_an_effect_that_can_never_come_right_has_failed_without_a_drain_too(effects: list[int], event: str) -> None:
    result = audit(attempts_frame(ATTEMPTS), undrained(effects=pd.DataFrame({"event_id": effects})))
    assert failed(result) == ["I9"]
    assert f"events {event}" in says(result, "I9")


def test_i9_two_confirmations_have_failed_without_a_drain_too() -> None:
    issues = undrained().issues
    assert issues is not None
    result = audit(attempts_frame(ATTEMPTS), undrained(issues=issues.assign(confirmations=[1, 2, 0, 0])))
    assert failed(result) == ["I9"]


def test_i9_a_message_committed_as_done_without_its_effect_has_failed_without_a_drain_too() -> None:
    """An offset committed before processing: no drain ever ends, and waiting longer would change nothing."""
    result = audit(attempts_frame(ATTEMPTS), undrained(group_offsets={"0": 3}))
    assert failed(result) == ["I9"]
    assert "events 103;" in says(result, "I9")
    behind = audit(attempts_frame(ATTEMPTS), undrained(group_offsets={"0": 2, "1": 9}))
    assert failed(behind) == []


# Unknown outcomes and interrupted iterations.


@pytest.mark.parametrize("status", [0, 500, 503, 504, 302])
def test_a_row_of_an_unknown_outcome_is_recovered(status: int) -> None:
    result = audit(attempts_frame([(4, status, 10.0, 70.0)]), evidence_of(4))
    assert failed(result) == []
    assert (result.counts["recovered"], result.counts["unexpected"]) == (1, 0)


def test_an_unknown_outcome_without_a_row_is_no_loss() -> None:
    samples = samples_frame(*((float(at), 0, None, 4) for at in range(10, 71, 10)))
    result = audit(attempts_frame([(4, 0, 10.0, 70.0)]), evidence_of(samples=samples))
    assert result.verdict is Status.PASS
    assert (result.counts["recovered"], result.counts["lost"]) == (0, 0)


def test_rows_of_interrupted_iterations_are_unexpected_but_prove_no_phantom() -> None:
    """k6 stops a request at its hard stop and emits no point; only the service's count shows that it was there."""
    served = {"issued": 4, "already": 1, "sold_out": 1, "failed": 1}
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 99, service_requests=served))
    assert (failed(result), unknown(result)) == ([], ["I4"])
    assert result.counts["unexpected"] == 1
    assert "1 requests that k6 did not report" in says(result, "I4")
    more = audit(attempts_frame(ATTEMPTS[:2]), evidence_of(1, 2, 98, 99, service_requests={"issued": 3}))
    assert failed(more) == ["I4"]


@pytest.mark.parametrize("served", [{"issued": 3, "failed": 1}, {"issued": 3, "failed": 1, "sold_out": 90}])
def test_a_row_that_the_service_did_not_count_either_is_a_phantom(served: dict[str, int]) -> None:
    assert failed(audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 99, service_requests=served))) == ["I4"]


def test_without_the_services_count_an_unexpected_row_may_be_an_interrupted_request() -> None:
    reason = {"service_requests": "the service did not answer"}
    evidence = evidence_of(1, 2, 3, 99, service_requests=None, reasons=reason)
    result = audit(attempts_frame(ATTEMPTS), evidence)
    assert (failed(result), unknown(result)) == ([], ["I4"])
    assert "no service_requests: the service did not answer" in says(result, "I4")


def test_the_row_of_a_user_left_without_an_answer_excuses_no_other() -> None:
    unanswered = [*ATTEMPTS[:2], (4, 0, 10.1, 70.0)]
    served = {"issued": 3}
    assert failed(audit(attempts_frame(unanswered), evidence_of(1, 2, 4, 99, service_requests=served))) == ["I4"]


def test_a_time_out_that_the_service_counted_as_failed_excuses_no_phantom() -> None:
    unanswered = [*ATTEMPTS[:3], (4, 0, 10.1, 35.1)]
    served = {"issued": 3, "failed": 1}
    assert failed(audit(attempts_frame(unanswered), evidence_of(1, 2, 3, 99, service_requests=served))) == ["I4"]


def test_unreported_requests_that_left_no_row_change_nothing() -> None:
    evidence = evidence_of(1, 2, 3, 4, service_requests={"issued": 6, "failed": 4})
    assert audit(attempts_frame(ATTEMPTS), evidence).verdict is Status.PASS


# What a reservation that was given back can explain, and what it cannot.

#: Two got a coupon, 4 was told 503, 5 was told "sold out" meanwhile, and 6 got one afterwards.
LATE: list[Attempt] = [
    (1, 201, 10.0, 10.1),
    (2, 201, 10.0, 10.1),
    (4, 503, 10.1, 10.5),
    (5, 410, 10.2, 10.3),
    (6, 201, 10.6, 10.7),
]


def test_a_late_201_proves_nothing_when_a_reservation_may_have_been_given_back() -> None:
    result = audit(attempts_frame(LATE), evidence_of(1, 2, 6, stock=3, service_requests={"failed": 1}))
    assert (failed(result), unknown(result)) == ([], ["I13"])
    assert "1 reservations may have been given back after a 410" in says(result, "I13")


def test_one_reservation_explains_one_late_201() -> None:
    two = attempts_frame([*LATE, (7, 201, 10.6, 10.7)])
    assert failed(audit(two, evidence_of(1, 2, 6, 7, service_requests={"failed": 1}))) == ["I13"]


def test_a_time_out_is_one_failed_request_not_two() -> None:
    """k6 gave up on user 4, the service counted a failure: that is the same request."""
    late = [(user, 0 if status == 503 else status, started, ended) for user, status, started, ended in LATE]
    two = attempts_frame([*late, (7, 201, 10.6, 10.7)])
    assert failed(audit(two, evidence_of(1, 2, 6, 7, service_requests={"failed": 1}))) == ["I13"]
    one = audit(attempts_frame(late), evidence_of(1, 2, 6, stock=3, service_requests={"failed": 1}))
    assert (failed(one), unknown(one)) == ([], ["I13"])


def test_a_time_out_that_left_a_row_hides_no_other_failure() -> None:
    """User 4's coupon was written although k6 gave up; the failure that the service counted was another request."""
    late = [(user, 0 if status == 503 else status, started, ended) for user, status, started, ended in LATE]
    result = audit(attempts_frame(late), evidence_of(1, 2, 4, 6, service_requests={"issued": 4, "failed": 1}))
    assert (failed(result), unknown(result)) == ([], ["I13"])


def test_a_request_that_failed_after_everybody_was_told_sold_out_explains_nothing() -> None:
    later = [*LATE[:2], (5, 410, 10.2, 10.3), (4, 503, 10.4, 10.5), (6, 201, 10.6, 10.7)]
    evidence = evidence_of(1, 2, 6, stock=3, service_requests={"failed": 1})
    assert failed(audit(attempts_frame(later), evidence)) == ["I13"]


def test_a_request_that_never_arrived_hides_no_failure() -> None:
    """User 8 was refused a connection; the failure that the service counted was an interrupted request."""
    never = (8, 0, 10.0, 10.0)
    attempts = attempts_frame([*LATE[:2], never, *LATE[3:]])
    result = audit(attempts, evidence_of(1, 2, 6, stock=3, service_requests={"issued": 3, "failed": 1}))
    assert (failed(result), unknown(result)) == ([], ["I13"])


def test_the_services_own_count_of_what_it_gave_back_is_believed_unless_redis_was_rebuilt() -> None:
    evidence = evidence_of(1, 2, 6, stock=3, service_requests={"failed": 1}, given_back=0, redis_rebuilds=0)
    assert failed(audit(attempts_frame(LATE), evidence)) == ["I13"]
    rebuilt = audit(attempts_frame(LATE), replace(evidence, redis_rebuilds=1))
    assert (failed(rebuilt), unknown(rebuilt)) == ([], ["I13"])


def test_without_any_count_of_failures_a_late_201_proves_nothing() -> None:
    result = audit(attempts_frame([*LATE[:2], *LATE[3:]]), evidence_of(1, 2, 6, stock=3, service_requests=None))
    assert (failed(result), unknown(result)) == ([], ["I13"])
    assert "any number of reservations" in says(result, "I13")


def test_i13_sold_out_while_there_are_coupons() -> None:
    """A service that refuses although half of the stock is there."""
    attempts = [(1, 201, 10.0, 10.1), (2, 201, 10.0, 10.1), (3, 410, 10.2, 10.3)]
    result = audit(attempts_frame(attempts), evidence_of(1, 2))
    assert failed(result) == ["I13"]
    assert "2 coupons left" in says(result, "I13")
    locked = evidence_of(1, 2, reservation="db-lock", database_remaining=2, redis_remaining=None)
    assert failed(audit(attempts_frame(attempts), locked)) == ["I13"]


def test_a_coupon_that_was_given_back_after_the_last_410_is_no_lie() -> None:
    attempts = [(1, 201, 10.0, 10.1), (4, 503, 10.1, 10.5), (5, 410, 10.2, 10.3)]
    served = {"failed": 1}
    result = audit(attempts_frame(attempts), evidence_of(1, stock=2, service_requests=served))
    assert (failed(result), unknown(result)) == ([], ["I13"])
    more = audit(attempts_frame(attempts), evidence_of(1, stock=3, service_requests=served))
    assert failed(more) == ["I13"]


def test_i13_already_issued_for_a_user_without_a_coupon() -> None:
    result = audit(attempts_frame([*ATTEMPTS, (9, 409, 10.0, 10.1)]), evidence_of(1, 2, 3, 4))
    assert failed(result) == ["I13"]
    assert "users told 409 without a row 9" in says(result, "I13")


@pytest.mark.parametrize(
    ("other", "served"),
    [
        ([(9, 503, 9.9, 10.2)], {"failed": 2}),  # the same user's failed request held a coupon for a while
        ([(9, 0, 9.9, 35.0)], {"failed": 2}),
        ([], {"issued": 3, "failed": 2}),  # a failed request that k6 did not report may have been this user's
        ([], None),
    ],
)
def test_already_issued_without_a_coupon_may_be_explained(other: list[Attempt], served: dict[str, int] | None) -> None:
    attempts = attempts_frame([*ATTEMPTS, (9, 409, 10.0, 10.1), *other])
    assert failed(audit(attempts, evidence_of(1, 2, 3, 4, service_requests=served))) == []


def test_a_failed_request_of_somebody_else_explains_no_already_issued() -> None:
    attempts = attempts_frame([*ATTEMPTS, (9, 409, 10.0, 10.1), (8, 503, 9.9, 10.2)])
    assert failed(audit(attempts, evidence_of(1, 2, 3, 4, service_requests={"failed": 2}))) == ["I13"]


def test_a_row_of_a_user_told_sold_out_may_be_an_unreported_requests() -> None:
    attempts = attempts_frame([*ATTEMPTS[:3], (5, 410, 10.5, 10.6)])
    result = audit(attempts, evidence_of(1, 2, 3, 5, service_requests={"issued": 4}))
    assert (failed(result), unknown(result)) == ([], ["I13"])


# Missing evidence.


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ({"issues": None}, ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I9", "I10", "I11", "I13"]),
        ({"outbox": None}, ["I7", "I8", "I9", "I10", "I11"]),
        ({"topic": None}, ["I7", "I8", "I10", "I11"]),
        ({"effects": None}, ["I9"]),
        ({"stock": None}, ["I6"]),
        ({"stock": None, "stock_ordered": None}, ["I1", "I6"]),
        ({"redis_remaining": None}, ["I6", "I13"]),
        ({"reservation": None}, ["I6", "I13"]),
    ],
)
def test_missing_evidence_is_unknown_with_its_reason(missing: dict[str, None], expected: list[str]) -> None:
    reason = {next(iter(missing)): "the server did not answer"}
    result = audit(attempts_frame(ATTEMPTS), replace(evidence_of(1, 2, 3, 4, reasons=reason), **missing))
    assert failed(result) == []
    assert unknown(result) == expected
    assert result.verdict is Status.UNKNOWN
    assert all("the server did not answer" in says(result, id) for id in expected)


def test_nothing_collected_fails_nothing_and_passes_nothing() -> None:
    result = audit(attempts_frame(ATTEMPTS), AuditEvidence())
    assert failed(result) == []
    assert "PASS" not in statuses(result).values()
    assert result.counts["rows"] is result.counts["oversold"] is result.counts["leaked"] is None


def test_the_remainder_is_the_databases_under_a_lock() -> None:
    for reservation in ("db-lock", "redis-lock"):
        evidence = evidence_of(1, 2, 3, 4, reservation=reservation, database_remaining=0, redis_remaining=None)
        assert statuses(audit(attempts_frame(ATTEMPTS), evidence))["I6"] == "PASS"


def test_replies_without_a_user_leave_what_needs_them_unknown() -> None:
    nameless = [(None, status, started, ended) for _, status, started, ended in ATTEMPTS]
    result = audit(attempts_frame(nameless), evidence_of(1, 2, 3, 4))
    assert failed(result) == []
    assert unknown(result) == ["I2", "I3", "I4", "I5", "I13"]


def test_partial_evidence_still_proves_a_failure() -> None:
    """More users were told 201 than there is stock: no table is needed to know that."""
    attempts = attempts_frame((user, 201, 10.0, 10.1) for user in range(1, 6))
    result = audit(attempts, AuditEvidence(stock_ordered=4))
    assert failed(result) == ["I1"]
    assert result.counts["oversold"] is None, "how many rows there are is not known"


def test_replies_that_may_not_be_all_pass_nothing_that_rests_on_them() -> None:
    result = audit(attempts_frame(ATTEMPTS), evidence_of(1, 2, 3, 4), missing=["the points are cut"])
    assert (failed(result), unknown(result)) == ([], ["I2", "I3", "I4", "I5", "I13"])
    assert all("the points are cut" in says(result, id) for id in unknown(result))
    nobody_told_410 = audit(attempts_frame(ATTEMPTS[:3]), evidence_of(1, 2, 3), missing=["the points are cut"])
    assert "I13" in unknown(nobody_told_410)


def test_replies_that_may_not_be_all_still_prove_a_failure_but_no_phantom() -> None:
    """A killed k6 leaves the rows of its last seconds without a reply; a 201 without a row stays a lost coupon."""
    twice = [*ATTEMPTS, (2, 201, 10.6, 10.7)]
    result = audit(attempts_frame(twice), evidence_of(1, 2, 4, 98, 99, stock=5), missing=["k6 was killed"])
    assert failed(result) == ["I2", "I3"]
    assert statuses(result)["I4"] == "UNKNOWN"


def test_only_three_examples_are_named() -> None:
    result = audit(attempts_frame([]), evidence_of(11, 12, 13, 14))
    assert "users 11, 12, 13 and 1 more" in says(result, "I4")


def test_replies_without_times_leave_sold_out_unknown() -> None:
    timeless = [(user, status, math.nan, math.nan) for user, status, _, _ in ATTEMPTS]
    result = audit(attempts_frame(timeless), evidence_of(1, 2, 3, 4))
    assert (failed(result), unknown(result)) == ([], ["I1", "I13"])
    assert "when the load began and ended is not known" in says(result, "I1")


def test_evidence_from_frames_and_the_facts_of_a_file() -> None:
    good = evidence_of(1, 2)
    facts = {
        "schema": 1,
        "coupon_id": 1,
        "topic": "t",
        "stock": 4,
        "reservation": "db-lock",
        "reasons": {"topic": "gone"},
    }
    evidence = AuditEvidence.of({"issues": good.issues, "topic": None}, facts, redis_users=2)
    assert evidence.issues is good.issues
    assert (evidence.stock, evidence.reservation, evidence.redis_users) == (4, "db-lock", 2)
    assert evidence.lacking("topic", "outbox") == ["no topic: gone", "no outbox: it was not collected"]
