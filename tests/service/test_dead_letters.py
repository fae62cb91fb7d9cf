"""Messages set aside weigh no more than any broker takes, whatever they weighed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from kafka.errors import MessageSizeTooLargeError

from coupons import dead_letters
from coupons.applying import Inapplicable
from coupons.consuming import TRIES, attempt
from coupons.dead_letters import LARGEST, DeadLetters, Refusal
from coupons.events import CouponIssued

MEGABYTE = 1_100_000
EVENT = CouponIssued(1, 1, 1, datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Message:
    key: bytes | None
    value: bytes | None
    partition: int = 3
    offset: int = 9


class Producer:
    """Takes messages up to a size."""

    def __init__(self, limit: int = LARGEST) -> None:
        self.limit = limit
        self.taken: list[tuple[bytes, bytes | None, dict[str, bytes]]] = []

    def send(self, topic: str, value: bytes, key: bytes | None, headers: list[tuple[str, bytes]]) -> Producer:
        weight = len(value) + len(key or b"") + sum(len(name) + len(text) for name, text in headers)
        if weight > self.limit:
            raise MessageSizeTooLargeError(f"{weight} bytes")
        self.taken.append((value, key, dict(headers)))
        return self

    def get(self, timeout: float) -> None: ...


def put(monkeypatch: pytest.MonkeyPatch, message: Message, why: str = "no", limit: int = LARGEST) -> Any:
    producer = Producer(limit)
    monkeypatch.setattr(dead_letters, "producer", lambda kafka: producer)
    DeadLetters("nowhere:1", "dead").put(message, Refusal(why, 3))
    (taken,) = producer.taken
    return taken


def test_a_small_message_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    value, key, headers = put(monkeypatch, Message(b"k", b"not json"), "not an event")
    assert (value, key) == (b"not json", b"k")
    assert headers == {
        "why": b"not an event",
        "tries": b"3",
        "partition": b"3",
        "offset": b"9",
        "cut": b"false",
    }


@pytest.mark.parametrize("key", [None, b"k", b"k" * MEGABYTE])
@pytest.mark.parametrize("value", [None, b"v", b"v" * MEGABYTE])
def test_key_value_and_headers_share_one_budget(
    monkeypatch: pytest.MonkeyPatch, key: bytes | None, value: bytes | None
) -> None:
    kept_value, kept_key, headers = put(monkeypatch, Message(key, value), "x" * 5000)
    assert (value or b"").startswith(kept_value)
    assert (key or b"").startswith(kept_key or b"")
    whole = kept_value == (value or b"") and kept_key == key
    assert headers["cut"] == (b"false" if whole else b"true")


def test_where_even_that_is_too_much_the_headers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    value, key, headers = put(monkeypatch, Message(b"k", b"v" * MEGABYTE), limit=1000)
    assert (value, key) == (b"", None)
    assert (headers["tries"], headers["offset"], headers["cut"]) == (b"3", b"9", b"true")


class Unwilling:
    """An applier that refuses the first `refuses` times."""

    def __init__(self, refuses: int) -> None:
        self.refuses, self.asked = refuses, 0

    def apply(self, events: list[CouponIssued]) -> list[CouponIssued]:
        self.asked += 1
        if self.asked <= self.refuses:
            raise Inapplicable("no issue")
        return events


@pytest.mark.parametrize("refuses", range(TRIES))
def test_an_event_that_succeeds_at_last_is_not_refused(refuses: int) -> None:
    applier = Unwilling(refuses)
    assert attempt(applier, EVENT) == (True, None)  # type: ignore[arg-type]
    assert applier.asked == refuses + 1


def test_an_event_is_refused_after_as_many_tries_as_it_had() -> None:
    applier = Unwilling(99)
    assert attempt(applier, EVENT) == (False, Refusal("no issue", TRIES))  # type: ignore[arg-type]
    assert applier.asked == TRIES
