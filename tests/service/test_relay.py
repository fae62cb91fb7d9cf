"""The relay: whatever fails and whenever, no committed row stays unpublished and none is marked that Kafka has not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pymysql
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
            self.rows = [(0,)]

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
