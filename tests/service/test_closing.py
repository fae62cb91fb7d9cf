"""Relay and consumer let go of every connection, also when letting go of one of them fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pymysql
import pytest
from kafka.errors import KafkaTimeoutError
from prometheus_client import CollectorRegistry

from coupons import concurrent, consuming, relay
from coupons.concurrent import ConcurrentConsumer
from coupons.consuming import Consumer, ConsumerMetrics
from coupons.metrics import Metrics
from coupons.relay import Relay, RelayMetrics
from coupons.settings import load

Fails = Exception | None


class Held:
    """A connection of any kind; closing it is written down, and fails when told so."""

    open = True

    def __init__(self, name: str, closed: list[str], fails: Fails) -> None:
        self._name = name
        self._closed = closed
        self._fails = fails

    def close(self, *_: object, **__: object) -> None:
        self._closed.append(self._name)
        if self._fails is not None:
            raise self._fails

    def subscribe(self, *_: object, **__: object) -> None: ...

    def rollback(self) -> None: ...

    def cursor(self) -> Any:
        """Counts no rows."""
        return nullcontext(SimpleNamespace(execute=lambda *_: None, fetchall=lambda: [(0,)]))

    def outcomes(self) -> list[Any]:
        return []


class Holding:
    """Makes what relay and consumer hold; what is named in `failing` cannot be closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: dict[str, Exception]) -> None:
        self.closed: list[str] = []
        self.failing = failing
        for module, name, what in (
            (consuming, "subscribe", "kafka"),
            (consuming, "DeadLetters", "letters"),
            (consuming.database, "connect", "database"),
            (concurrent, "Lanes", "lanes"),
            (relay, "producer", "producer"),
        ):
            monkeypatch.setattr(module, name, self.maker(what))

    def maker(self, what: str) -> Callable[..., Any]:
        return lambda *_: Held(what, self.closed, self.failing.get(what))


GONE, SLOW = pymysql.err.Error("Already closed"), KafkaTimeoutError("not in time")


@pytest.mark.parametrize("failing", [{}, {"kafka": SLOW}, {"letters": SLOW}, {"kafka": SLOW, "letters": SLOW}])
def test_a_consumer_closes_everything_in_order(monkeypatch: pytest.MonkeyPatch, failing: dict[str, Exception]) -> None:
    holding = Holding(monkeypatch, failing)
    metrics = ConsumerMetrics(Metrics(CollectorRegistry()))
    consumer = Consumer(load({}), metrics)
    metrics.lag = {"0": 7.0}
    close(consumer, failing)
    assert holding.closed == ["kafka", "letters", "database"]
    assert metrics.lag == {}  # nobody measures it any more


@pytest.mark.parametrize("failing", [{}, {"lanes": SLOW}, {"database": GONE}])
def test_a_concurrent_one_too(monkeypatch: pytest.MonkeyPatch, failing: dict[str, Exception]) -> None:
    holding = Holding(monkeypatch, failing)
    consumer = ConcurrentConsumer(load({}), ConsumerMetrics(Metrics(CollectorRegistry())))
    holding.closed.clear()
    close(consumer, failing)
    lanes = ["database"] * concurrent.LANES
    assert holding.closed == ["lanes", *lanes, "kafka", "letters", "database"]


@pytest.mark.parametrize("failing", [{}, {"database": GONE}])
def test_a_relay_too(monkeypatch: pytest.MonkeyPatch, failing: dict[str, Exception]) -> None:
    holding = Holding(monkeypatch, failing)
    close(Relay(load({}), RelayMetrics(Metrics(CollectorRegistry()))), failing)
    assert holding.closed == ["database", "producer"]


def close(work: Any, failing: dict[str, Exception]) -> None:
    if not failing:
        work.close()
        return
    with pytest.raises((pymysql.err.Error, KafkaTimeoutError)):
        work.close()
