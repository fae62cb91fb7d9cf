"""The relay: whatever fails and whenever, no committed row stays unpublished and none is marked that Kafka has not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isnan
from typing import Any

import pymysql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError
from prometheus_client import CollectorRegistry

from coupons import events, relay
from coupons.metrics import Metrics
from coupons.relay import Relay, RelayMetrics
from coupons.settings import load

NOW = datetime(2026, 1, 1)

LOST = pymysql.OperationalError(2013, "lost")


class World:
    """Outbox and topic in memory; the connection and the producer are the world itself."""

    def __init__(self) -> None:
        self.status: dict[int, int] = {}
        self.topic: list[int] = []
        self.fails: list[str | None] = []
        self.rows: list[Any] = []
        self.counted = 0

    def fail(self, at: str) -> bool:
        return bool(self.fails) and self.fails[0] == at and bool(self.fails.pop(0))

    def cursor(self) -> World:
        return self

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None: ...

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        if statement == relay.PENDING:
            if self.fail("read"):
                raise LOST
            pending = sorted(row for row, sent in self.status.items() if not sent)[: parameters[0]]
            self.rows = [(row, row, 1, row, NOW) for row in pending]
        elif statement == relay.MARK:
            if self.fail("mark"):
                raise LOST
            for row in parameters[0]:
                assert row in self.topic, "marked, but Kafka does not have it"
                self.status[row] = 1
        else:
            self.counted += 1
            self.rows = [(sum(not sent for sent in self.status.values()),)]

    def fetchall(self) -> list[Any]:
        return self.rows

    def send(self, topic: str, value: bytes, key: bytes) -> Any:
        arrives = not self.fail("send")
        if arrives:
            self.topic.append(events.decode(value).event_id)
        return Acknowledgement(arrives=arrives)

    def flush(self, timeout: float) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self, timeout: float = 0) -> None: ...


class Acknowledgement:
    def __init__(self, *, arrives: bool) -> None:
        self._arrives = arrives

    def get(self, timeout: float) -> None:
        if not self._arrives:
            raise KafkaTimeoutError("not delivered")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.lists(st.integers(1, 60), max_size=6)),
        st.tuples(st.just("round"), st.sampled_from([None, "read", "send", "mark"])),
    ),
    max_size=25,
)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_every_row_is_published_at_least_once_and_marked_only_then(actions: list[tuple[str, Any]]) -> None:
    world: Any = World()
    given_back = relay.database.connect, relay.producer
    relay.database.connect = relay.producer = lambda *_: world
    try:
        metrics = RelayMetrics(Metrics(CollectorRegistry()))
        at_work = Relay(load({}), metrics)
        for action, what in [*actions, ("round", None)]:
            if action == "commit":  # in any order: a row with a small id may be committed late
                world.status |= {row: world.status.get(row, 0) for row in what}
                continue
            world.fails = [what] if what else []
            try:
                at_work.round()
            except (pymysql.MySQLError, KafkaTimeoutError):
                at_work = Relay(load({}), metrics)  # as `worker.live` does
    finally:
        relay.database.connect, relay.producer = given_back
    assert set(world.topic) == set(world.status)
    assert set(world.status.values()) <= {1}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def pending(registry: CollectorRegistry) -> float:
    told = registry.get_sample_value("coupons_outbox_pending")
    assert told is not None
    return told


def test_what_is_pending_is_told_while_kafka_is_away_and_nothing_once_it_cannot_be_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, clock, registry = World(), Clock(), CollectorRegistry()
    monkeypatch.setattr(relay.database, "connect", lambda *_: world)
    monkeypatch.setattr(relay, "producer", lambda *_: world)
    monkeypatch.setattr(relay, "monotonic", clock)
    metrics = RelayMetrics(Metrics(registry))
    assert isnan(pending(registry))
    at_work = Relay(load({}), metrics)
    world.status = dict.fromkeys(range(1, 6), 0)
    for _ in range(3):  # Kafka does not take them
        clock.now += relay.COUNT_EVERY_S
        world.fails = ["send"]
        with pytest.raises(KafkaTimeoutError):
            at_work.round()
    assert pending(registry) == 5
    clock.now += relay.STALE_S + 0.1  # as long as a round that is stuck
    assert isnan(pending(registry))
    at_work.round()
    assert pending(registry) == 5
    clock.now += relay.COUNT_EVERY_S
    at_work.round()
    assert pending(registry) == 0


def test_what_is_pending_is_told_also_when_there_is_no_producer_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    world, registry = World(), CollectorRegistry()
    world.status = dict.fromkeys(range(1, 6), 0)

    def away(_kafka: str) -> Any:
        raise KafkaTimeoutError("no broker")

    monkeypatch.setattr(relay.database, "connect", lambda *_: world)
    monkeypatch.setattr(relay, "producer", away)
    with pytest.raises(KafkaTimeoutError):
        Relay(load({}), RelayMetrics(Metrics(registry)))
    assert pending(registry) == 5


def test_rows_are_counted_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    world, clock = World(), Clock()
    monkeypatch.setattr(relay.database, "connect", lambda *_: world)
    monkeypatch.setattr(relay, "producer", lambda *_: world)
    monkeypatch.setattr(relay, "monotonic", clock)
    at_work = Relay(load({}), RelayMetrics(Metrics(CollectorRegistry())))
    for _ in range(30):
        clock.now += relay.GATHER_S
        at_work.round()
    assert world.counted == 1 + 3
