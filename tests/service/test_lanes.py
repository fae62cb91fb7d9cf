"""Messages at the same time, those with one key in order, each failure its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pymysql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coupons.dead_letters import Refusal
from coupons.events import CouponIssued
from coupons.lanes import Attempt, Lanes, Outcome

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NO_ISSUE = Refusal("no issue", 3)


@dataclass(frozen=True)
class Message:
    offset: int
    key: bytes | None = b"k"
    partition: int = 0


def event(number: int) -> CouponIssued:
    return CouponIssued(number, 1, number, NOW)


def outcomes(lanes: Lanes, count: int) -> list[Outcome]:
    found: list[Outcome] = []
    deadline = time.monotonic() + 10
    while len(found) < count:
        found += lanes.outcomes(0.1)
        assert time.monotonic() < deadline, found
    return found


def test_messages_with_other_keys_are_applied_at_the_same_time() -> None:
    both = Barrier(2, timeout=5)

    def attempt(event: CouponIssued) -> tuple[bool, Refusal | None]:
        both.wait()
        return True, None

    lanes = Lanes([attempt, attempt])
    keys = [b"0", b"1"]
    lanes.put(Message(1, keys[0]), event(1))
    lanes.put(Message(2, next(key for key in (b"%d" % n for n in range(9)) if _lane(key) != _lane(keys[0]))), event(2))
    assert {one.message.offset for one in outcomes(lanes, 2)} == {1, 2}
    lanes.close()


def _lane(key: bytes) -> int:
    from zlib import crc32

    return crc32(key) % 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", None]), st.integers(0, 1)), max_size=60))
def test_the_order_of_a_key_is_kept(wanted: list[tuple[bytes | None, int]]) -> None:
    applied: list[int] = []
    lock = threading.Lock()

    def attempt(event: CouponIssued) -> tuple[bool, Refusal | None]:
        with lock:
            applied.append(event.event_id)
        return True, None

    messages = [Message(number, key, partition) for number, (key, partition) in enumerate(wanted, 1)]
    lanes = Lanes([attempt] * 4)
    for message in messages:
        lanes.put(message, event(message.offset))
    assert len(outcomes(lanes, len(messages))) == len(messages)
    lanes.close()
    for same in {(message.key, message.key or message.partition) for message in messages}:
        offsets = [m.offset for m in messages if (m.key, m.key or m.partition) == same]
        assert [one for one in applied if one in offsets] == offsets


def test_a_bad_message_fails_alone() -> None:
    def attempt(event: CouponIssued) -> tuple[bool, Refusal | None]:
        return (False, NO_ISSUE) if event.event_id == 2 else (True, None)

    lanes = Lanes([attempt])
    for number in (1, 2, 3):
        lanes.put(Message(number), event(number))
    assert [(one.applied, one.refusal) for one in outcomes(lanes, 3)] == [(True, None), (False, NO_ISSUE), (True, None)]
    lanes.close()


@pytest.mark.parametrize("error", [pymysql.OperationalError(2013, "lost"), RuntimeError("a bug")])
def test_nothing_overtakes_a_message_whose_database_was_lost(error: Exception) -> None:
    def attempt(event: CouponIssued) -> tuple[bool, Refusal | None]:
        if event.event_id == 2:
            raise error
        return True, None

    attempts: list[Attempt] = [attempt]
    lanes = Lanes(attempts)
    for number in (1, 2, 3):
        lanes.put(Message(number), event(number))
    found: Any = outcomes(lanes, 2)
    lanes.close()
    assert [one.lost for one in found] == [None, error]
    assert list(lanes.outcomes()) == []
