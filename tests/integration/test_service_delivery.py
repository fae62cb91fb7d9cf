"""From the outbox to the effect on the real servers: once each, and bad messages stop nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest
import requests
from kafka import KafkaConsumer, KafkaProducer
from sqlalchemy import create_engine, text
from tests.integration.service_load import query

pytestmark = pytest.mark.integration


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about"
        time.sleep(0.05)


def produce(stack: Any, topic: str, values: Sequence[bytes | None]) -> None:
    with closing(KafkaProducer(bootstrap_servers=stack.endpoints.kafka, acks="all")) as producer:
        for value in values:
            producer.send(topic, value, b"1").get(timeout=10)


def consumed(stack: Any, topic: str, count: int) -> list[Any]:
    """`count` messages of a topic."""
    found: list[Any] = []
    consumer = KafkaConsumer(
        topic, bootstrap_servers=stack.endpoints.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    with closing(consumer):
        until(lambda: found.extend(m for part in consumer.poll(500).values() for m in part) or len(found) >= count)
    return found


def issue(target: Any, user: int) -> int:
    url = f"{target.service}/coupons/{target.coupon_id}/issue"
    return requests.post(url, json={"user_id": user}, timeout=20).status_code


def metric(target: Any, name: str) -> float:
    lines = requests.get(target.metrics["consumer"][0], timeout=5).text.splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[-1])


@pytest.mark.parametrize("mode", ["single", "batch", "async"])
def test_poisonous_messages_are_set_aside_and_those_behind_them_move_on(stack: Any, mode: str) -> None:
    target = stack.reset("recommended", coupons=100, consumer_mode=mode, partitions=1, consumers=1)
    unknown = {"event_id": 10**12, "coupon_id": 1, "user_id": 1, "accepted_at": "2026-01-01T00:00:00Z"}
    poison = [b"not json", b'{"event_id": "x"}', json.dumps(unknown).encode(), b"x" * 1_000_000, None]
    produce(stack, target.topic, poison)
    assert [issue(target, user) for user in range(1, 31)] == [201] * 30
    assert stack.drain(target) is not None
    assert query(stack, "SELECT COUNT(*), MIN(confirmations), MAX(confirmations) FROM issues") == [(30, 1, 1)]
    aside = consumed(stack, f"{target.topic}-dead", len(poison))
    assert sorted(message.value[:20] for message in aside) == sorted((value or b"")[:20] for value in poison)
    assert all(dict(message.headers)["why"] for message in aside)
    tries = {message.value[:20]: dict(message.headers)["tries"] for message in aside}
    assert tries == {(value or b"")[:20]: b"3" if value is poison[2] else b"1" for value in poison}
    assert metric(target, "coupons_consumer_dead_letters_total") == len(poison)


@pytest.mark.parametrize(("key", "value"), [(1_100_000, 1), (1, 2_000_000), (1_000_000, 1_000_000)])
def test_a_message_as_big_as_the_broker_takes_is_set_aside_too(stack: Any, key: int, value: int) -> None:
    target = stack.reset("recommended", coupons=100, partitions=1, consumers=1)
    big = KafkaProducer(bootstrap_servers=stack.endpoints.kafka, acks="all", max_request_size=4_000_000)
    with closing(big) as producer:
        producer.send(target.topic, b"x" * value, b"k" * key).get(timeout=10)
    assert issue(target, 1) == 201
    assert stack.drain(target) is not None
    (aside,) = consumed(stack, f"{target.topic}-dead", 1)
    assert set(aside.value) == set(b"x")
    assert dict(aside.headers)["cut"] == b"true"


@pytest.mark.parametrize("mode", ["single", "batch", "async"])
def test_a_message_that_comes_again_has_no_second_effect(stack: Any, mode: str) -> None:
    target = stack.reset("recommended", coupons=100, consumer_mode=mode)
    assert [issue(target, user) for user in range(1, 21)] == [201] * 20
    assert stack.drain(target) is not None
    produce(stack, target.topic, [message.value for message in consumed(stack, target.topic, 20)] * 2)
    until(lambda: metric(target, "coupons_consumer_duplicates_total") == 40)
    assert query(stack, "SELECT COUNT(*), MIN(confirmations), MAX(confirmations) FROM issues") == [(20, 1, 1)]
    assert query(stack, "SELECT COUNT(*) FROM inbox") == [(20,)]


@pytest.mark.parametrize("key", ["user", "coupon"])
def test_the_partition_key_decides_where_messages_go(stack: Any, key: str) -> None:
    target = stack.reset("recommended", coupons=100, partition_key=key, partitions=4)
    assert [issue(target, user) for user in range(1, 41)] == [201] * 40
    assert stack.drain(target) is not None
    messages = consumed(stack, target.topic, 40)
    partitions = {message.partition for message in messages}
    assert len(partitions) == (1 if key == "coupon" else 4)
    for message in messages:
        assert message.key == str(json.loads(message.value)[f"{key}_id"]).encode()


def test_rows_that_are_committed_late_are_published_too(stack: Any) -> None:
    """Polling by "id greater than the last seen" would lose the row of the transaction that commits last."""
    target = stack.reset("recommended", coupons=100)
    engine = create_engine(stack.endpoints.database)
    row = {"coupon": target.coupon_id, "user": 900, "event": 10**9}
    with engine.connect() as late:
        for table, moment in (("issues", "accepted_at"), ("outbox", "created_at")):
            insert = (
                f"INSERT INTO {table} (coupon_id, user_id, event_id, {moment}) VALUES (:coupon, :user, :event, NOW(6))"
            )
            late.execute(text(insert), row)
        assert issue(target, 1) == 201
        until(lambda: query(stack, "SELECT COUNT(*) FROM outbox WHERE status = 1") == [(1,)])
        late.commit()
    engine.dispose()
    until(lambda: query(stack, "SELECT COUNT(*) FROM issues WHERE confirmations = 1") == [(2,)])
