"""`python -m coupons.relay`: carries outbox rows to Kafka, at least once.

Rows are found by their status, never by "id greater than the last seen": a row with a small id may be committed late.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from math import inf, nan
from time import monotonic, perf_counter
from typing import Any, Final, NamedTuple

from kafka import KafkaProducer

from coupons import database, events, worker
from coupons.metrics import Metrics
from coupons.settings import Settings

BATCH: Final = 1000
#: Rows gather for so long before they are carried together.
GATHER_S: Final = 0.1
COUNT_EVERY_S: Final = 1.0
#: An older count is not told. While Kafka is away one is made every six seconds, when it is asked for again.
STALE_S: Final = 7.0
DELIVERY_MS: Final = 10_000
#: Brokers are often told to take 2 MB; whatever one took, its dead-letter topic is to take from here.
LARGEST_REQUEST: Final = 4 * 1024 * 1024

PENDING: Final = "SELECT id, event_id, coupon_id, user_id, created_at FROM outbox WHERE status = 0 ORDER BY id LIMIT %s"
COUNT: Final = "SELECT COUNT(*) FROM outbox WHERE status = 0"
#: The hint keeps a long list from becoming a scan that waits for rows which are being inserted.
MARK: Final = "UPDATE outbox FORCE INDEX (PRIMARY) SET status = 1, sent_at = UTC_TIMESTAMP(6) WHERE id IN %s"


class Pending(NamedTuple):
    """An outbox row that has not been published."""

    id: int
    event_id: int
    coupon_id: int
    user_id: int
    created_at: datetime


class RelayMetrics:
    """What the relay counts."""

    def __init__(self, table: Metrics) -> None:
        self._pending = nan
        self.counted = -inf  # when (monotonic)
        self.published = table.counter("coupons_relay_published_total", "Outbox rows that Kafka has acknowledged")
        self.batch_seconds = table.histogram("coupons_relay_batch_seconds", "From reading a batch to marking it sent")
        table.gauge("coupons_outbox_pending", "Outbox rows not published; NaN while they are not counted", self.pending)

    def count(self, pending: int) -> None:
        """So many are pending now."""
        self._pending, self.counted = pending, monotonic()

    def pending(self) -> float:
        """The last count; NaN when it is old, as in a round that waits for Kafka or the database."""
        return self._pending if monotonic() - self.counted <= STALE_S else nan


class Relay:
    """One connection to the database, one producer."""

    def __init__(self, settings: Settings, metrics: RelayMetrics) -> None:
        self._topic = settings.topic
        self._by_user = settings.knobs.partition_key == "user"
        self._metrics = metrics
        self._database = database.connect(settings.database)
        try:
            self._count()  # also where Kafka is away: no round is made then
            self._producer = producer(settings.kafka)
        except BaseException:
            self._database.close()
            raise

    def round(self) -> float:
        """Publish a batch and mark it; the pause until the next, none while there is a backlog."""
        self._count()
        started = perf_counter()
        rows = self._pending()
        if rows:
            self._mark(self._publish(rows))
            self._metrics.batch_seconds.observe(perf_counter() - started)
        return 0.0 if len(rows) == BATCH else GATHER_S

    def _pending(self) -> list[Pending]:
        with self._database.cursor() as cursor:
            cursor.execute(PENDING, (BATCH,))
            rows = [Pending(*row) for row in cursor.fetchall()]
        self._database.rollback()
        return rows

    def _publish(self, rows: Sequence[Pending]) -> list[int]:
        """Send, wait until Kafka has everything; the ids of the rows."""
        sent = [self._send(row) for row in rows]
        self._producer.flush(timeout=2 * DELIVERY_MS / 1000)
        for future in sent:
            future.get(timeout=0)  # raises what went wrong; all rows are then published again
        self._metrics.published.add(len(rows))
        return [row.id for row in rows]

    def _send(self, row: Pending) -> Any:
        key = row.user_id if self._by_user else row.coupon_id
        return self._producer.send(self._topic, events.encode(*row[1:]), b"%d" % key)

    def _mark(self, ids: Sequence[int]) -> None:
        with self._database.cursor() as cursor:
            cursor.execute(MARK, (ids,))
        self._database.commit()

    def _count(self) -> None:
        if monotonic() - self._metrics.counted < COUNT_EVERY_S:
            return
        with self._database.cursor() as cursor:
            cursor.execute(COUNT)
            ((pending,),) = cursor.fetchall()
        self._database.rollback()
        self._metrics.count(pending)

    def close(self) -> None:
        """Let go of both connections, of each also when the other fails."""
        try:
            self._database.close()
        finally:
            self._producer.close(timeout=1)


def producer(kafka: str) -> KafkaProducer:
    """An idempotent producer with acks=all; a message is delivered or has failed within `DELIVERY_MS`."""
    return KafkaProducer(
        bootstrap_servers=kafka,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        batch_size=64 * 1024,
        max_request_size=LARGEST_REQUEST,
        max_block_ms=DELIVERY_MS,
        request_timeout_ms=DELIVERY_MS // 2,
        delivery_timeout_ms=DELIVERY_MS,
        reconnect_backoff_max_ms=1000,
        bootstrap_timeout_ms=5000,
        metrics_enabled=False,
    )


def make(settings: Settings, table: Metrics) -> Callable[[], Relay]:
    """How to begin a relay's life."""
    return partial(Relay, settings, RelayMetrics(table))


if __name__ == "__main__":
    sys.exit(worker.run(make))
