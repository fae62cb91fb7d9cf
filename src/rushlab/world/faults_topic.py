"""Faults of the topic and its consumer group: poisonous messages, and members that come and go."""

from __future__ import annotations

import time
from collections.abc import Iterable
from threading import Event
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from rushlab.model.errors import StackError
from rushlab.model.run import Fault
from rushlab.world.faults import Planned
from rushlab.world.faults_processes import Breakable
from rushlab.world.stack.backend import Step, Target

#: No event, an event without its user, an event that was never issued, and one as large as a broker takes.
POISON = (
    b"not an event \xff",
    b'{"event_id": 1}',
    b'{"event_id": 9007199254740993, "coupon_id": %d, "user_id": 1, "accepted_at": "2026-01-01T00:00:00Z"}',
    b"x" * 1_000_000,
)
BOOTSTRAP_MS = 5000
#: How long a guest waits to be let in: the other members hear of it with their next heartbeat, every 3 s.
LET_IN_S = 15.0
POLL_MS = 100


def poison(backend: Breakable, target: Target, one: Planned, over: Event, step: Step) -> Fault:
    """Every kind of message that no consumer can apply, at once."""
    start = time.time()
    count = send_poison(backend.endpoints().kafka, target)
    return Fault(what=one.what, process=one.process, start=start, end=time.time(), count=count)


def send_poison(kafka: str, target: Target) -> int:
    """Put every kind of message that no consumer can apply on every partition of the run's topic; how many there were.

    Raises
    ------
    StackError
        The broker did not take them.
    """
    try:
        producer = KafkaProducer(
            bootstrap_servers=kafka, max_request_size=2 * 1024 * 1024, bootstrap_timeout_ms=BOOTSTRAP_MS
        )
        try:
            values = [value.replace(b"%d", b"%d" % target.coupon_id) for value in POISON]
            partitions = sorted(producer.partitions_for(target.topic))
            sent = [
                producer.send(target.topic, value=value, key=b"1", partition=number)
                for number in partitions
                for value in values
            ]
            for future in sent:
                future.get(timeout=10)
        finally:
            producer.close(timeout=5)
    except KafkaError as error:
        raise StackError("The poisonous messages could not be sent", str(error)) from error
    return len(sent)


def rebalance(backend: Breakable, target: Target, one: Planned, over: Event, step: Step) -> Fault:
    """Guests join the consumer group and leave it, one after the other: each makes the group share out anew, twice.

    A guest takes its partitions, reads, applies nothing and commits nothing: what it held comes again to the others.
    """
    kafka, start, until, count = backend.endpoints().kafka, time.time(), time.monotonic() + one.lasts_s, 0
    try:
        while time.monotonic() < until and not over.is_set():
            count += 2 * visit(kafka, target)
    except KafkaError as error:
        raise StackError("The consumer group could not be disturbed", str(error) or type(error).__name__) from error
    return Fault(what=one.what, process=one.process, start=start, end=time.time(), count=count)


def visit(kafka: str, target: Target) -> bool:
    """Join the consumer group as one more member and leave again; whether the guest was let in.

    One that left before it was let in would be waited for, like a member that died.
    """
    guest, let_in = _guest(kafka, target), Event()
    try:
        guest.subscribe([target.topic], listener=_LetIn(let_in))
        deadline = time.monotonic() + LET_IN_S
        while not let_in.is_set() and time.monotonic() < deadline:
            guest.poll(timeout_ms=POLL_MS)
    finally:
        guest.close(autocommit=False)
    return let_in.is_set()


def _guest(kafka: str, target: Target) -> Any:
    return KafkaConsumer(
        bootstrap_servers=kafka,
        group_id=target.group,
        client_id=f"{target.group}-guest",
        enable_auto_commit=False,
        bootstrap_timeout_ms=BOOTSTRAP_MS,
        metrics_enabled=False,
    )


class _LetIn(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Notes that the group has shared out its partitions with the guest in it; its own part may be none."""

    def __init__(self, let_in: Event) -> None:
        self._let_in = let_in

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None: ...

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self._let_in.set()
