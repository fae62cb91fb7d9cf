"""I10, I11, I12 and I14 against hand-made histories: each broken alone, each where it does not apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coupons import consuming
from rushlab.judge.audit import AuditEvidence, audit
from rushlab.judge.order import _swapped
from rushlab.judge.poison import PROMISED_TRIES
from rushlab.model.run import Fault
from rushlab.model.verdict import Audit, Check

USERS = np.arange(1, 9)
#: The load began here, one coupon a second.
BEGAN = 100.0


def frames(**changes: Any) -> AuditEvidence:
    """Eight users got a coupon one after the other; everything of the coupon has one key and one partition."""
    events = USERS + 100
    accepted = BEGAN + USERS
    issues = pd.DataFrame({"user_id": USERS, "event_id": events, "accepted_at": accepted})
    evidence = AuditEvidence(
        issues=issues.assign(confirmed_at=accepted + 0.2, confirmations=1),
        outbox=issues[["event_id", "user_id"]].assign(status=1, position=USERS, sent_at=accepted + 0.1),
        topic=issues[["event_id", "user_id"]].assign(partition=0, offset=USERS - 1, key=1),
        effects=issues[["event_id"]],
        dead=letters(),
        reservation="redis-lock",
        stock=100,
        stock_ordered=100,
        database_remaining=92,
        service_requests={},
        drained=120.0,
        collected=121.0,
        partition_key="coupon",
        lock_ttl=3.0,
        workers=2,
        samples=pd.DataFrame({"at": BEGAN + np.arange(21.0), "issued": 8, "database_remaining": 92}).assign(
            redis_remaining=np.nan
        ),
    )
    return replace(evidence, **changes)


def letters(*places: tuple[int, int], tries: int = 3) -> pd.DataFrame:
    """Partition and offset of each, all tried as often."""
    rows = [(*place, tries) for place in places]
    return pd.DataFrame(rows, columns=["partition", "offset", "tries"], dtype="int64")


def judged(evidence: AuditEvidence, told: int = len(USERS)) -> Audit:
    attempts = pd.DataFrame({"user": USERS[:told], "status": 201, "started": BEGAN, "ended": BEGAN + 20})
    return audit(attempts.astype({"user": "Int64", "started": "float64", "ended": "float64"}), evidence)


def one(evidence: AuditEvidence, id: str, asked: pd.DataFrame | None = None) -> Check:
    result = judged(evidence) if asked is None else audit(asked, evidence)
    return next(check for check in result.invariants if check.id == id)


def failed(evidence: AuditEvidence) -> list[str]:
    return [check.id for check in judged(evidence).invariants if check.status == "FAIL"]


def offsets(*values: int, partition: int = 0) -> pd.DataFrame:
    good = frames().topic
    return good.assign(offset=np.array(values), partition=partition)


# I10


def test_messages_in_the_order_of_their_outbox_rows_pass() -> None:
    assert one(frames(), "I10").status == "PASS"


def test_two_messages_of_a_key_that_changed_places_fail() -> None:
    good = frames()
    swapped = good.issues.assign(confirmed_at=BEGAN + 30)  # their effects at one moment, so only the topic is wrong
    evidence = frames(topic=offsets(0, 2, 1, 3, 4, 5, 6, 7), issues=swapped)
    assert failed(evidence) == ["I10"]
    assert "events sent too early 103" in one(evidence, "I10").evidence


def test_a_row_that_was_committed_late_may_come_late() -> None:
    assert one(late_row(), "I10").status == "PASS"


@pytest.mark.parametrize("again", [[101], [101, 102, 103], [108, 107, 101]])
def test_messages_that_were_sent_again_disturb_no_order(again: list[int]) -> None:
    good = frames()
    rows = pd.DataFrame({"event_id": again, "user_id": np.array(again) - 100, "partition": 0, "key": 1})
    topic = pd.concat([good.topic, rows.assign(offset=range(8, 8 + len(again)))], ignore_index=True)
    assert one(frames(topic=topic), "I10").status == "PASS"


def test_an_effect_before_an_earlier_one_of_its_key_fails() -> None:
    good = frames()
    confirmed = good.issues["confirmed_at"].mask(good.issues["user_id"] == 3, BEGAN + 9)
    evidence = frames(issues=good.issues.assign(confirmed_at=confirmed))
    assert failed(evidence) == ["I10"]
    assert "4, 5, 6" not in one(evidence, "I10").evidence.split("applied")[0]


def test_a_key_in_two_partitions_fails() -> None:
    split = frames().topic
    split = split.assign(partition=split["user_id"] % 2)
    assert failed(frames(topic=split)) == ["I10"]


def test_foreign_messages_with_a_key_of_ours_are_no_business_of_its_order() -> None:
    foreign = pd.DataFrame({"event_id": [999], "user_id": [1], "partition": [1], "offset": [0], "key": [1]})
    evidence = frames(topic=pd.concat([frames().topic, foreign], ignore_index=True))
    assert failed(evidence) == ["I7"]


def test_keys_of_one_event_each_have_no_order_to_keep() -> None:
    good = frames()
    check = one(frames(topic=good.topic.assign(key=good.topic["user_id"]), partition_key="user"), "I10")
    assert (check.status, check.value) == ("NA", "no key has two events")


@pytest.mark.parametrize(("coupon", "others"), [(1, 8), (None, 7)])
def test_a_relay_that_keys_by_something_else_than_was_promised_fails(coupon: int | None, others: int) -> None:
    """By the event, so that no key has two and none could come in a wrong order."""
    topic = frames().topic
    evidence = frames(topic=topic.assign(key=topic["event_id"]), coupon_id=coupon)
    assert failed(evidence) == ["I10"]
    assert f"{others} messages with another key than promised" in one(evidence, "I10").value


@pytest.mark.parametrize("key", [1, -1])
def test_one_message_with_another_key_or_none_fails(key: int) -> None:
    topic = frames().topic.assign(key=frames().topic["user_id"])
    wrong = topic.assign(key=topic["key"].mask(topic["user_id"] == 7, key))
    assert failed(frames(topic=wrong, partition_key="user")) == ["I10"]
    assert "another key 107" in one(frames(topic=wrong, partition_key="user"), "I10").evidence


def test_a_key_of_the_coupon_is_the_coupons_id_where_that_is_known() -> None:
    assert one(frames(coupon_id=1), "I10").status == "PASS"
    assert one(frames(coupon_id=2), "I10").status == "FAIL"


def test_a_promise_that_is_not_recorded_cannot_be_broken() -> None:
    topic = frames().topic
    assert one(frames(topic=topic.assign(key=topic["event_id"]), partition_key=None), "I10").status == "NA"


def set_back(evidence: AuditEvidence, after: int = 4, by: float = 5.03) -> AuditEvidence:
    """The same, with the database's clock set back by 5 s after the fourth coupon had been confirmed."""
    later = after < USERS
    issues, outbox = evidence.issues, evidence.outbox
    assert issues is not None
    assert outbox is not None
    return replace(
        evidence,
        issues=issues.assign(confirmed_at=issues["confirmed_at"] - by * later),
        outbox=outbox.assign(sent_at=outbox["sent_at"] - by * later),
    )


def late_row(**changes: Any) -> AuditEvidence:
    """Row 2 was not there yet when the relay took rows 1 and 3; it was published a round later."""
    good = frames()
    late = good.issues["user_id"] == 2
    return frames(
        outbox=good.outbox.assign(sent_at=good.outbox["sent_at"].mask(late, BEGAN + 3.2)),
        topic=offsets(0, 2, 1, 3, 4, 5, 6, 7),
        issues=good.issues.assign(confirmed_at=good.issues["confirmed_at"].mask(late, BEGAN + 3.3)),
        **changes,
    )


@pytest.mark.parametrize("history", [frames, late_row])
def test_a_clock_that_was_set_back_breaks_no_order_of_messages_and_leaves_that_of_effects_unknown(
    history: Callable[[], AuditEvidence],
) -> None:
    check = one(set_back(history()), "I10")
    assert check.status == "UNKNOWN"
    assert " 0 messages and 4 effects before an earlier one of their key" in check.value
    assert "the database's clock was set back" in check.evidence


def test_messages_that_changed_places_fail_whatever_the_clock_did() -> None:
    assert failed(set_back(frames(topic=offsets(0, 2, 1, 3, 4, 5, 6, 7)))) == ["I10"]
    assert failed(set_back(frames(topic=offsets(0, 1, 2, 7, 4, 5, 6, 3)))) == ["I10"]


def test_a_clock_that_was_set_back_between_a_round_and_the_next_one_that_has_its_late_rows_breaks_no_order() -> None:
    """Rows 2 and 3 came late, so they are in the second round; the clock went back between the two."""
    good = frames()
    second = np.isin(USERS, (2, 3, 7, 8))
    evidence = frames(
        topic=offsets(0, 4, 5, 1, 2, 3, 6, 7),
        outbox=good.outbox.assign(sent_at=BEGAN - 5 * second),
        issues=good.issues.assign(confirmed_at=BEGAN + 20 - 5 * second),
    )
    check = one(evidence, "I10")
    assert (check.status, " 0 messages and 4 effects " in check.value) == ("UNKNOWN", True)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 20)), max_size=20))
def test_two_messages_have_changed_places_where_stamps_and_rows_both_say_so(rows: list[tuple[int, int, int]]) -> None:
    """Held against the definition, pair by pair; each row: key, round, offset, its place being the outbox row's id."""
    sent = pd.DataFrame(
        [(*row, place) for place, row in enumerate(rows)], columns=["key", "sent_at", "first", "position"]
    )
    sent = sent.assign(last=sent["first"], event_id=sent["position"]).astype("int64")
    sent = sent.sample(frac=1, random_state=1).sort_values(["key", "sent_at", "position"], ignore_index=True)
    sent = sent.assign(middle=sent.groupby("sent_at")["position"].transform("median"))
    broken = [
        later.event_id
        for later in sent.itertuples()
        if any(
            one.key == later.key
            and (one.sent_at, one.position) < (later.sent_at, later.position)
            and (one.middle, one.position) < (later.middle, later.position)
            and one.first > later.last
            for one in sent.itertuples()
        )
    ]
    assert sorted(_swapped(sent)) == sorted(broken)


@pytest.mark.parametrize("column", ["position", "sent_at", "key"])
def test_frames_of_an_earlier_version_are_unknown(column: str) -> None:
    good = frames()
    evidence = frames(
        topic=good.topic.drop(columns=column, errors="ignore"), outbox=good.outbox.drop(columns=column, errors="ignore")
    )
    check = one(evidence, "I10")
    assert check.status == "UNKNOWN"
    assert f"no {column} of the" in check.evidence


# I11


def poisoned(at: int, **changes: Any) -> AuditEvidence:
    """A message that nobody can read took this offset; the others moved up."""
    good = frames()
    moved = good.topic.assign(offset=good.topic["offset"] + (good.topic["offset"] >= at))
    bad = pd.DataFrame({"event_id": [-1], "user_id": [-1], "partition": [0], "offset": [at], "key": [-1]})
    fault = Fault(what="poison", process="kafka", start=BEGAN + at, end=BEGAN + at)
    topic = pd.concat([moved, bad], ignore_index=True)
    return frames(**{"topic": topic, "faults": (fault,), "dead": letters((0, at))} | changes)


def test_a_poisonous_message_that_was_set_aside_passes_and_is_counted() -> None:
    evidence = poisoned(4)
    assert failed(evidence) == []
    check = one(evidence, "I11")
    assert (check.status, check.value) == (
        "PASS",
        "1 of 1 set aside, 0 after too few tries, 0 messages behind them waiting",
    )
    assert judged(evidence).counts["dead_letters"] == 1


def test_a_poisonous_message_that_was_passed_over_fails() -> None:
    assert failed(poisoned(4, dead=letters())) == ["I11"]
    assert failed(poisoned(4, dead=letters((1, 4)))) == ["I11"]  # another partition's


def test_the_last_message_of_a_partition_may_not_have_been_reached_yet() -> None:
    assert one(poisoned(8, dead=letters()), "I11").status == "UNKNOWN"
    assert one(poisoned(8, dead=letters(), group_offsets={"0": 9}), "I11").status == "FAIL"


def test_a_poisonous_message_that_blocks_those_behind_it_fails_after_a_while() -> None:
    good = frames()
    reached = good.issues["user_id"] <= 4
    issues = good.issues.assign(
        confirmed_at=good.issues["confirmed_at"].where(reached), confirmations=reached.astype(int)
    )
    stuck = {"issues": issues, "effects": good.effects[reached], "dead": letters(), "drained": None}
    assert one(poisoned(4, **stuck, collected=BEGAN + 20), "I11").status == "UNKNOWN"
    assert one(poisoned(4, **stuck, collected=BEGAN + 60), "I11").status == "FAIL"


def test_an_event_that_nobody_issued_is_poison_too() -> None:
    good = poisoned(4)
    foreign = good.topic.assign(event_id=good.topic["event_id"].replace(-1, 999))
    assert failed(replace(good, topic=foreign)) == []
    assert failed(replace(good, topic=foreign, dead=letters())) == ["I11"]
    assert failed(replace(good, topic=foreign, faults=())) == ["I7"]


def test_an_unreadable_message_that_nobody_put_there_is_foreign() -> None:
    assert failed(poisoned(4, faults=())) == ["I7"]


@pytest.mark.parametrize(("tries", "verdict"), [(0, "FAIL"), (1, "FAIL"), (2, "FAIL"), (3, "PASS"), (4, "PASS")])
def test_an_event_is_set_aside_after_the_promised_tries(tries: int, verdict: str) -> None:
    good = poisoned(4, dead=letters((0, 4), tries=tries))
    evidence = replace(good, topic=good.topic.assign(event_id=good.topic["event_id"].replace(-1, 999)))
    assert one(evidence, "I11").status == verdict
    assert failed(evidence) == (["I11"] if verdict == "FAIL" else [])
    counts = judged(evidence).counts
    assert (counts["dead_letter_tries"], counts["dead_letters_too_few_tries"]) == (tries, int(verdict == "FAIL"))


def test_what_cannot_be_read_is_read_once() -> None:
    assert one(poisoned(4, dead=letters((0, 4), tries=1)), "I11").status == "PASS"
    assert one(poisoned(4, dead=letters((0, 4), tries=0)), "I11").status == "FAIL"


def test_a_dead_letter_of_another_coupons_event_was_tried_like_any() -> None:
    assert one(frames(dead=letters((0, 99), tries=2)), "I11").status == "FAIL"
    assert one(frames(dead=letters((0, 99), tries=3)), "I11").status == "PASS"


@pytest.mark.parametrize("dead", [letters((0, 4)).drop(columns="tries"), letters((0, 4), tries=-1)])
def test_dead_letters_that_do_not_tell_their_tries_are_unknown(dead: pd.DataFrame) -> None:
    check = one(poisoned(4, dead=dead), "I11")
    assert check.status == "UNKNOWN"
    assert "1 dead letters do not tell how often they were tried" in check.evidence


def test_the_audit_asks_for_what_the_service_promises() -> None:
    assert PROMISED_TRIES == consuming.TRIES


def test_without_the_dead_letters_nothing_is_known() -> None:
    assert one(poisoned(4, dead=None), "I11").status == "UNKNOWN"


# I12


def killed(start: float, end: float | None, process: str = "consumer-0") -> Fault:
    return Fault(what="kill", process=process, start=start, end=end)


def confirmed(*at: float) -> pd.DataFrame:
    """Moments of confirmation, as seconds after the load began."""
    return frames().issues.assign(confirmed_at=BEGAN + np.array(at))


def test_the_time_until_a_faults_backlog_is_gone_is_told() -> None:
    """Killed at 2.5 s, there again at 4 s; coupons 3 to 6 waited until 7 s."""
    evidence = frames(issues=confirmed(1.2, 2.2, 6, 6.5, 6.8, 7.1, 7.2, 8.2), faults=(killed(BEGAN + 2.5, BEGAN + 4),))
    check = one(evidence, "I12")
    assert check.status == "PASS"
    assert check.value == "kill consumer-0: ended after 1.5 s, backlog gone 3.1 s later"


def test_a_fault_that_left_no_backlog_was_recovered_from_at_once() -> None:
    check = one(frames(faults=(killed(BEGAN + 2.5, BEGAN + 2.9, "service"),)), "I12")
    assert (check.status, check.value) == (
        "PASS",
        "kill service: ended after 0.4 s, backlog gone 0.0 s later",
    )


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(what="slow", process="redis", start=102, end=104, share=0.8), "slow redis (stopped 80% of the time):"),
        (Fault(what="disk-full", process="kafka", start=102, end=104, count=7), "disk-full kafka:"),
        (
            Fault(what="disk-full", process="kafka", start=102, end=104, count=0),
            "disk-full kafka (it needed no room meanwhile):",
        ),
        (Fault(what="rebalance", process="group", start=102, end=104, count=6), "rebalance group:"),
    ],
)
def test_what_a_fault_was_is_told(fault: Fault, told: str) -> None:
    assert one(frames(faults=(fault,)), "I12").value == f"{told} ended after 2.0 s, backlog gone 0.0 s later"


def test_each_fault_has_its_own_backlog() -> None:
    waits = confirmed(3.5, 3.6, 3.7, 4.2, 8.3, 8.4, 8.5, 8.6)
    faults = (killed(BEGAN + 0.5, BEGAN + 3), killed(BEGAN + 4.5, BEGAN + 8, "relay"))
    assert one(frames(issues=waits, faults=faults), "I12").value == (
        "kill consumer-0: ended after 2.5 s, backlog gone 0.6 s later; "
        "kill relay: ended after 3.5 s, backlog gone 0.5 s later"
    )


def test_a_backlog_that_takes_too_long_fails() -> None:
    evidence = frames(issues=confirmed(1.2, *[40.0] * 7), faults=(killed(BEGAN + 2.5, BEGAN + 4),), drained=150.0)
    assert failed(evidence) == ["I12"]


def test_a_backlog_that_never_went_fails_once_it_was_waited_for() -> None:
    issues = confirmed(1.2, *[np.nan] * 7).assign(confirmations=[1, *[0] * 7])
    left = {"issues": issues, "effects": frames().effects[:1], "drained": None, "faults": (killed(102.5, 104.0),)}
    assert one(frames(**left, collected=110.0), "I12").status == "UNKNOWN"
    assert one(frames(**left, collected=140.0), "I12").status == "FAIL"


def test_a_fault_that_never_ended_is_unknown() -> None:
    assert one(frames(faults=(killed(102.5, None),)), "I12").status == "UNKNOWN"


def asked(*rows: tuple[float, float, int]) -> pd.DataFrame:
    """Requests of the eight users, again and again: began and ended, in seconds after the load began, and status."""
    frame = pd.DataFrame(rows, columns=["started", "ended", "status"])
    frame = frame.assign(user=[1 + at % 8 for at in range(len(rows))])
    return frame.assign(started=frame["started"] + BEGAN, ended=frame["ended"] + BEGAN).astype({"user": "Int64"})


def every(begin: float, end: float, status: int, step: float = 0.5) -> list[tuple[float, float, int]]:
    """A request every half second, each answered after a tenth."""
    return [(float(at), float(at) + 0.1, status) for at in np.arange(begin, end, step)]


def service_killed(start: float = 2.5, end: float = 4.0) -> AuditEvidence:
    return frames(faults=(killed(BEGAN + start, BEGAN + end, "service"),))


def test_requests_that_are_refused_after_the_fault_are_part_of_the_recovery() -> None:
    check = one(service_killed(), "I12", asked(*every(0, 2.5, 201), *every(2.5, 7, 503), *every(7, 20, 409)))
    assert (check.status, check.value) == (
        "PASS",
        "kill service: ended after 1.5 s, backlog gone 0.0 s later, requests decided again 3.1 s later",
    )


@pytest.mark.parametrize("status", [0, 500, 503, 404])
def test_a_service_that_decides_nothing_for_too_long_fails(status: int) -> None:
    for after in (every(40, 50, 409), []):
        check = one(service_killed(), "I12", asked(*every(0, 2.5, 201), *every(2.5, 40, status), *after))
        assert check.status == "FAIL"


def test_a_service_that_decides_nothing_for_the_rest_of_a_short_load_is_unknown() -> None:
    check = one(service_killed(), "I12", asked(*every(0, 2.5, 201), *every(2.5, 20, 503)))
    assert check.status == "UNKNOWN"
    assert check.value.endswith("later, no request decided again")
    assert "no request was decided after kill service had ended" in check.evidence


def test_the_requests_may_be_far_apart() -> None:
    """One in 5 s: nothing was decided between the fault's end and the first refusal, which began long after it."""
    seldom = [(0.0, 0.1, 201), (5.5, 5.6, 503), (10.5, 10.6, 503), (15.5, 15.6, 409)]
    assert one(service_killed(), "I12", asked(*seldom)).value.endswith("requests decided again 11.6 s later")


def test_a_pause_of_the_load_is_no_proof_that_nothing_would_have_been_decided() -> None:
    check = one(service_killed(), "I12", asked(*every(0, 2.5, 201), *every(2.5, 6, 503), *every(45, 50, 409)))
    assert check.status == "UNKNOWN"


def test_refusals_long_after_a_fault_are_not_its_own() -> None:
    check = one(service_killed(), "I12", asked(*every(0, 2.5, 201), *every(4, 8, 409), *every(8, 60, 503)))
    assert (check.status, "decided" in check.value) == ("PASS", False)


def test_requests_under_way_when_the_fault_began_are_not_older_than_it() -> None:
    """They had waited for 2.4 s when the service was killed."""
    check = one(service_killed(), "I12", asked((0.1, 2.5, 0), *every(2.5, 40, 503), *every(40, 41, 409)))
    assert check.status == "FAIL"


def test_requests_that_failed_before_the_fault_prove_nothing_against_it() -> None:
    check = one(service_killed(), "I12", asked(*every(0, 40, 503), *every(40, 50, 409)))
    assert check.status == "UNKNOWN"
    assert "requests had no decision already before kill service" in check.evidence


def test_where_nobody_asked_after_the_fault_the_backlog_decides() -> None:
    check = one(service_killed(8.2, 9), "I12", asked(*every(0, 8, 201)))
    assert check.status == "PASS"
    assert "nobody asked after kill service had ended" in check.evidence


def test_a_request_that_hangs_while_others_are_decided_is_named_as_what_it_is() -> None:
    """It began during the fault and was given up 60 s later; everybody else was decided from 4 s on."""
    others = [*every(0, 2.5, 201), *every(2.5, 4, 503), *every(4, 90, 409)]
    check = one(service_killed(), "I12", asked(*others, (3.0, 64.0, 0)))
    assert check.status == "PASS"
    assert check.value.endswith(
        "backlog gone 0.0 s later, the last request without a decision ended 60.0 s later (1 of 121)"
    )


def test_few_requests_that_fail_again_and_again_are_no_outage() -> None:
    """One in eight fails until 60 s, less than a second after the one before."""
    load = [
        (at, ended, 503 if at > 2.5 and nth % 8 == 0 else 409)
        for nth, (at, ended, _) in enumerate(every(0, 60, 0, 0.1))
    ]
    check = one(service_killed(), "I12", asked(*load))
    assert check.status == "PASS"
    assert "the last request without a decision ended 55.3 s later (70 of " in check.value
    assert "decided again" not in check.value


def test_few_requests_that_are_decided_are_no_recovery() -> None:
    """One in eight is decided until 60 s, less than a second after the one before."""
    load = [(at, ended, 409 if nth % 8 == 0 else 503) for nth, (at, ended, _) in enumerate(every(2.6, 60, 0, 0.1))]
    assert one(service_killed(), "I12", asked(*every(0, 2.5, 201), *load)).status == "FAIL"


def test_an_outage_after_a_first_moment_of_decisions_is_the_faults_too() -> None:
    load = [*every(0, 2.5, 201), *every(4, 4.5, 409, 0.001), *every(4.5, 50, 503), *every(50, 60, 409)]
    assert one(service_killed(), "I12", asked(*load)).status == "FAIL"


def test_an_outage_and_then_few_that_fail_are_both_told() -> None:
    """Nothing is decided until 14 s; then one in eight fails until 60 s."""
    load = [(at, ended, 503 if nth % 8 == 0 else 409) for nth, (at, ended, _) in enumerate(every(14, 60, 0, 0.1))]
    check = one(service_killed(), "I12", asked(*every(0, 2.5, 201), *every(2.5, 14, 503), *load))
    assert check.status == "PASS"
    assert "requests decided again 10.2 s later, the last request without a decision ended 55." in check.value


def test_where_nobody_asked_after_the_fault_one_who_had_asked_before_shows_that_it_decides_again() -> None:
    load = [*every(0, 2.5, 201), (2.6, 2.7, 503), (3.0, 4.2, 409)]
    check = one(service_killed(), "I12", asked(*load))
    assert (check.status, check.value.rsplit(", ", 1)[1]) == ("PASS", "requests decided again 0.2 s later")


def test_a_worker_that_decided_during_the_fault_ends_what_nobody_had_decided_before() -> None:
    load = [*every(0, 2.5, 201), (2.6, 2.7, 503), *every(2.8, 20, 409)]
    assert "decided again" not in one(service_killed(), "I12", asked(*load)).value


def test_requests_that_are_not_all_there_prove_no_recovery() -> None:
    attempts = asked(*every(0, 20, 201))
    result = audit(attempts, service_killed(), missing=["k6 was killed"])
    check = next(check for check in result.invariants if check.id == "I12")
    assert check.status == "UNKNOWN"
    assert "k6 was killed" in check.evidence


def test_a_backlog_from_before_the_fault_proves_nothing_against_it() -> None:
    """Late from the first second on, gone 36 s after a fault at 5 s that broke nothing."""
    check = one(frames(issues=confirmed(*[40.0] * 8), faults=(killed(105.0, 106.0),)), "I12")
    assert check.status == "UNKNOWN"
    assert "a backlog was there already before kill consumer-0" in check.evidence


def test_a_backlog_from_before_the_fault_that_is_gone_in_time_passes() -> None:
    check = one(frames(issues=confirmed(*[20.0] * 8), faults=(killed(105.0, 106.0),)), "I12")
    assert (check.status, check.value) == (
        "PASS",
        "kill consumer-0: ended after 1.0 s, backlog gone 14.0 s later",
    )


# I14


def stopped(seconds: float) -> Fault:
    return Fault(what="pause", process="service", start=BEGAN + 2, end=BEGAN + 2 + seconds)


def test_a_holder_stopped_past_the_time_to_live_passes_where_i1_to_i4_hold() -> None:
    check = one(frames(faults=(stopped(4),)), "I14")
    assert check.status == "PASS"
    assert check.value == "stopped for 4.0 s: I1 PASS, I2 PASS, I3 PASS, I4 PASS"


def test_a_holder_that_broke_i1_to_i4_fails() -> None:
    assert {"I1", "I14"} <= set(failed(frames(faults=(stopped(4),), stock=5, stock_ordered=5, database_remaining=0)))


def test_what_i1_to_i4_do_not_know_is_unknown() -> None:
    assert one(frames(faults=(stopped(4),), issues=None), "I14").status == "UNKNOWN"
    assert one(frames(faults=(stopped(4),), lock_ttl=None), "I14").status == "UNKNOWN"
    check = one(frames(faults=(stopped(4),), workers=None), "I14")
    assert (check.status, "how many processes there were is not recorded" in check.evidence) == ("UNKNOWN", True)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"faults": (stopped(2),)}, "stopped for 2.0 s, within the lock's 3 s"),
        ({"faults": (killed(102, 104, "service"),)}, "no service process was stopped"),
        ({"faults": (stopped(4),), "reservation": "redis-lua"}, "no lock with a time to live decides"),
        ({"faults": (stopped(4),), "workers": 1}, "no other process could have taken the lock"),
    ],
)
def test_where_it_does_not_apply(changes: dict[str, Any], why: str) -> None:
    check = one(frames(**changes), "I14")
    assert (check.status, check.value) == ("NA", why)
