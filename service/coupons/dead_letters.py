"""Messages that cannot be applied are set aside, so that those behind them move on."""

from __future__ import annotations

import logging
from typing import Any, Final

from kafka import KafkaProducer

from coupons.relay import producer

#: A value near the broker's limit is cut, so that the headers still fit.
LARGEST: Final = 900_000
ACKNOWLEDGED_S: Final = 15.0

log = logging.getLogger(__name__)


class DeadLetters:
    """The dead-letter topic; its producer is made when the first one comes."""

    def __init__(self, kafka: str, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic
        self._producer: KafkaProducer | None = None

    def put(self, message: Any, why: str) -> None:
        """Set a consumer record aside and wait until Kafka has it (KafkaError when it does not take it)."""
        if self._producer is None:
            self._producer = producer(self._kafka)
        value = message.value or b""
        headers = [
            ("why", why.encode()[:1000]),
            ("partition", b"%d" % message.partition),
            ("offset", b"%d" % message.offset),
            ("cut", b"true" if len(value) > LARGEST else b"false"),
        ]
        sent = self._producer.send(self._topic, value[:LARGEST], message.key, headers)
        sent.get(timeout=ACKNOWLEDGED_S)
        log.warning("set aside partition %d offset %d: %s", message.partition, message.offset, why)

    def close(self) -> None:
        """Let go of the producer."""
        if self._producer is not None:
            self._producer.close(timeout=1)
