"""A consumer: applies each event once, message by message (`single`) or many in a transaction (`batch`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from time import time
from typing import Any, Final

import pymysql
from kafka import KafkaConsumer
from kafka.errors import CommitFailedError, RebalanceInProgressError

from coupons import database, events
from coupons.applying import Applier, Inapplicable
from coupons.dead_letters import DeadLetters, Refusal
from coupons.events import CouponIssued
from coupons.metrics import Metrics
from coupons.settings import Settings

POLL_MS: Final = 500
#: What can be read is tried so often before it is set aside; what cannot be read stays so, and is read once.
TRIES: Final = 3
#: In batch mode the broker lets messages gather for so long, or until there are so many bytes.
GATHER_MS: Final = 100
GATHER_BYTES: Final = 64 * 1024
#: Errors of the server about what was asked, not about the connection: a try of its own may succeed, or never will.
MESSAGE_ERRORS: Final = (Inapplicable, pymysql.IntegrityError, pymysql.DataError)

Message = Any  # kafka-python's ConsumerRecord


class ConsumerMetrics:
    """What a consumer counts."""

    def __init__(self, table: Metrics) -> None:
        self.lag: dict[str, float] = {}
        self.applied = table.counter("coupons_consumer_applied_total", "Events that have had their effect here")
        self.duplicates = table.counter("coupons_consumer_duplicates_total", "Messages whose event was applied before")
        self.dead = table.counter("coupons_consumer_dead_letters_total", "Messages set aside")
        self.confirm_seconds = table.histogram("coupons_confirm_seconds", "From accepting a request to confirming it")
        table.gauges("coupons_consumer_lag", "Messages not yet consumed", "partition", lambda: dict(self.lag))


class Consumer:
    """One connection to the database, one member of the consumer group."""

    def __init__(self, settings: Settings, metrics: ConsumerMetrics) -> None:
        self._metrics = metrics
        self._batch = settings.knobs.consumer_mode == "batch"
        self._database = database.connect(settings.database)
        self._applier = Applier(self._database)
        self._dead_letters = DeadLetters(settings.kafka, settings.dead_topic)
        try:
            self._kafka = subscribe(settings)
        except BaseException:
            self._database.close()
            raise

    def round(self) -> float:
        """Apply what one poll brings, then commit the offsets."""
        polled = self._kafka.poll(timeout_ms=POLL_MS)
        messages = [message for part in polled.values() for message in part]
        if messages:
            self.take(messages)
            self._commit()
        self._measure_lag()
        return 0.0

    def take(self, messages: Sequence[Message]) -> None:
        """Give every message its effect, or set it aside."""
        readable = [(message, event) for message in messages if (event := self._read(message))]
        if self._batch:
            self._apply_batch(readable)
        else:
            for message, event in readable:
                self._apply_alone(message, event)

    def _read(self, message: Message) -> CouponIssued | None:
        try:
            return events.decode(message.value)
        except ValueError as error:
            self._set_aside(message, Refusal(f"not an event: {error}", 1))
            return None

    def _apply_batch(self, readable: Sequence[tuple[Message, CouponIssued]]) -> None:
        try:
            self._apply([event for _, event in readable])
        except MESSAGE_ERRORS:  # one of them is bad: each for itself, so that only that one is set aside
            for message, event in readable:
                self._apply_alone(message, event)

    def _apply_alone(self, message: Message, event: CouponIssued) -> None:
        applied, refusal = attempt(self._applier, event)
        if refusal:
            self._set_aside(message, refusal)
        else:
            self._count([event] if applied else [], 1)

    def _apply(self, wanted: Sequence[CouponIssued]) -> None:
        self._count(self._applier.apply(wanted), len(wanted))

    def _count(self, applied: Sequence[CouponIssued], wanted: int) -> None:
        now = time()
        for event in applied:
            self._metrics.confirm_seconds.observe(now - event.accepted_at.timestamp())
        self._metrics.applied.add(len(applied))
        self._metrics.duplicates.add(wanted - len(applied))

    def _set_aside(self, message: Message, refusal: Refusal) -> None:
        self._dead_letters.put(message, refusal)
        self._metrics.dead.add()

    def _commit(self) -> None:
        offsets = self._offsets_to_commit()
        if offsets is not None and not offsets:
            return
        try:
            self._kafka.commit(offsets)
        except (CommitFailedError, RebalanceInProgressError):
            return  # the partition is another's now; what it sees again is in the inbox

    def _offsets_to_commit(self) -> dict[Any, Any] | None:
        """By partition; None for everything that was polled."""
        return None

    def _unfinished(self, partition: int) -> int:
        """Messages of the partition that were polled and are still being applied."""
        return 0

    def _measure_lag(self) -> None:
        lag = {}
        for part in self._kafka.assignment():
            end = self._kafka.highwater(part)
            if end is not None:
                lag[str(part.partition)] = float(
                    max(0, end - self._kafka.position(part)) + self._unfinished(part.partition)
                )
        self._metrics.lag = lag

    def close(self) -> None:
        """Leave the group and let go of the connections, of each also when another fails."""
        self._metrics.lag = {}  # nobody measures it until the next life
        with ExitStack() as last_first:
            last_first.callback(self._database.close)
            last_first.callback(self._dead_letters.close)
            last_first.callback(self._kafka.close, autocommit=False)


def attempt(applier: Applier, event: CouponIssued) -> tuple[bool, Refusal | None]:
    """Try an event a few times by itself: whether it was new, and why it cannot be applied (None when it can)."""
    why, tries = "", 0
    while tries < TRIES:
        tries += 1
        try:
            return bool(applier.apply([event])), None
        except MESSAGE_ERRORS as error:
            why = str(error)
    return False, Refusal(why or "it cannot be applied", tries)


def subscribe(settings: Settings) -> KafkaConsumer:
    """A member of the group that never commits by itself and begins with the first message."""
    batch = settings.knobs.consumer_mode == "batch"
    return KafkaConsumer(
        settings.topic,
        bootstrap_servers=settings.kafka,
        group_id=settings.group,
        client_id=f"{settings.group}-{settings.consumer_index}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=settings.knobs.batch_size if batch else 100,
        fetch_min_bytes=GATHER_BYTES if batch else 1,
        fetch_max_wait_ms=GATHER_MS if batch else POLL_MS,
        session_timeout_ms=10_000,
        request_timeout_ms=15_000,
        reconnect_backoff_max_ms=1000,
        bootstrap_timeout_ms=5000,
        metrics_enabled=False,
    )
