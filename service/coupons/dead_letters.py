"""Messages that cannot be applied are set aside, so that those behind them move on."""

from __future__ import annotations

import logging
from typing import Any, Final, NamedTuple

from kafka import KafkaProducer
from kafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from coupons.relay import producer

#: What a message may weigh with its headers. Brokers take 1 MB unless they are told otherwise.
LARGEST: Final = 900_000
LARGEST_KEY: Final = 100_000
LARGEST_WHY: Final = 1000
#: Names and values of the headers besides `why`, and the framing of a record.
OVERHEAD: Final = 1000
ACKNOWLEDGED_S: Final = 15.0

Header = tuple[str, bytes]

log = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """Why a message is set aside, and how often it was tried before."""

    why: str
    tries: int


class DeadLetters:
    """The dead-letter topic; its producer is made when the first one comes."""

    def __init__(self, kafka: str, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic
        self._producer: KafkaProducer | None = None

    def put(self, message: Any, refusal: Refusal) -> None:
        """Set a consumer record aside and wait until Kafka has it (KafkaError when it does not take it).

        Key and value are cut to what any broker takes; where even that is too much, only the headers are kept.
        """
        key, value, cut = _within_budget(message.key, message.value or b"")
        headers = [
            ("why", refusal.why.encode()[:LARGEST_WHY]),
            ("tries", b"%d" % refusal.tries),
            ("partition", b"%d" % message.partition),
            ("offset", b"%d" % message.offset),
        ]
        try:
            self._send(key, value, [*headers, ("cut", b"true" if cut else b"false")])
        except (MessageSizeTooLargeError, RecordListTooLargeError):
            self._send(None, b"", [*headers, ("cut", b"true")])
        log.warning("set aside partition %d offset %d: %s", message.partition, message.offset, refusal.why)

    def _send(self, key: bytes | None, value: bytes, headers: list[Header]) -> None:
        if self._producer is None:
            self._producer = producer(self._kafka)
        self._producer.send(self._topic, value, key, headers).get(timeout=ACKNOWLEDGED_S)

    def close(self) -> None:
        """Let go of the producer."""
        if self._producer is not None:
            self._producer.close(timeout=1)


def _within_budget(key: bytes | None, value: bytes) -> tuple[bytes | None, bytes, bool]:
    """Key and value within one budget of bytes, and whether something was cut."""
    kept_key = key[:LARGEST_KEY] if key else key
    kept_value = value[: LARGEST - LARGEST_WHY - OVERHEAD - len(kept_key or b"")]
    return kept_key, kept_value, kept_key != key or kept_value != value
