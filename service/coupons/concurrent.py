"""Consumer mode `async`: messages of a partition at the same time, those with one key in order."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final

from kafka import ConsumerRebalanceListener, TopicPartition
from kafka.structs import OffsetAndMetadata

from coupons import database
from coupons.applying import Applier
from coupons.consuming import POLL_MS, Consumer, ConsumerMetrics, attempt
from coupons.lanes import Lanes, Outcome
from coupons.offsets import Offsets
from coupons.settings import Settings

LANES: Final = 8
#: No more are read while so many are not finished.
MOST_OPEN: Final = 500
#: While messages are being applied, new ones are looked for so often.
BUSY_POLL_MS: Final = 20
ENDED_WAIT_S: Final = 1.0


class ConcurrentConsumer(Consumer):
    """One member of the group, `LANES` connections to the database."""

    def __init__(self, settings: Settings, metrics: ConsumerMetrics) -> None:
        self._offsets = Offsets()
        self._revoked: SimpleQueue[int] = SimpleQueue()
        self._topic = settings.topic
        self._connections = _connections(settings)
        try:
            super().__init__(settings, metrics)
        except BaseException:
            self._disconnect()
            raise
        self._kafka.subscribe([settings.topic], listener=_Revocations(self._revoked))
        self._lanes = Lanes([partial(attempt, Applier(one)) for one in self._connections])

    def round(self) -> float:
        """Hand out what one poll brings, take in what was finished, commit as far as nothing is missing."""
        polled = self._kafka.poll(timeout_ms=BUSY_POLL_MS if self._offsets.open else POLL_MS)
        self._forget_revoked()
        for message in (message for part in polled.values() for message in part):
            self._begin(message)
        self._take_in(self._lanes.outcomes())
        while self._offsets.open >= MOST_OPEN:
            self._take_in(self._lanes.outcomes(ENDED_WAIT_S))
        self._commit()
        self._measure_lag()
        return 0.0

    def _begin(self, message: Any) -> None:
        self._offsets.begin(message.partition, message.offset)
        event = self._read(message)
        if event is None:
            self._offsets.finish(message.partition, message.offset)
        else:
            self._lanes.put(message, event)

    def _take_in(self, outcomes: Iterable[Outcome]) -> None:
        for message, event, applied, refusal, lost in outcomes:
            if lost is not None:
                raise lost
            if refusal:
                self._set_aside(message, refusal)
            else:
                self._count([event] if applied else [], 1)
            self._offsets.finish(message.partition, message.offset)

    def _forget_revoked(self) -> None:
        with suppress(Empty):
            while True:
                self._offsets.forget([self._revoked.get_nowait()])

    def _offsets_to_commit(self) -> dict[TopicPartition, OffsetAndMetadata] | None:
        ready = self._offsets.take()
        return {TopicPartition(self._topic, part): OffsetAndMetadata(offset, "", -1) for part, offset in ready.items()}

    def _unfinished(self, partition: int) -> int:
        return self._offsets.open_in(partition)

    def close(self) -> None:
        """Finish what was begun, commit it, leave the group and let go of the connections."""
        with ExitStack() as last_first:
            last_first.callback(super().close)
            last_first.callback(self._disconnect)
            self._lanes.close()
            self._take_in(self._lanes.outcomes())
            self._commit()

    def _disconnect(self) -> None:
        with ExitStack() as each:
            for connection in self._connections:
                if connection.open:
                    each.callback(connection.close)


class _Revocations(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Writes down which partitions are taken away; it runs where nothing may wait."""

    def __init__(self, revoked: SimpleQueue[int]) -> None:
        self._revoked = revoked

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        for part in revoked:
            self._revoked.put(part.partition)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None: ...


def _connections(settings: Settings) -> list[Any]:
    made: list[Any] = []
    try:
        while len(made) < LANES:
            made.append(database.connect(settings.database))
    except BaseException:
        for connection in made:
            connection.close()
        raise
    return made
