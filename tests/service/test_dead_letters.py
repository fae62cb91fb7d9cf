"""Messages set aside weigh no more than any broker takes, whatever they weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from kafka.errors import MessageSizeTooLargeError

from coupons import dead_letters
from coupons.dead_letters import LARGEST, DeadLetters

MEGABYTE = 1_100_000


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
    DeadLetters("nowhere:1", "dead").put(message, why)
    (taken,) = producer.taken
    return taken


def test_a_small_message_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    value, key, headers = put(monkeypatch, Message(b"k", b"not json"), "not an event")
    assert (value, key) == (b"not json", b"k")
    assert headers == {"why": b"not an event", "partition": b"3", "offset": b"9", "cut": b"false"}


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
    assert (headers["offset"], headers["cut"]) == (b"9", b"true")
