"""Evidence from the real servers, judged by the real audit: a good run passes, damage is found."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
import redis
import requests
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import create_engine, text

from rushlab.judge.audit import AuditEvidence, audit
from rushlab.model.verdict import Audit, Status
from rushlab.world import evidence
from rushlab.world.samples import Sample, sampled
from rushlab.world.stack.backend import Target

pytestmark = pytest.mark.integration

STOCK = 60
USERS = [*range(1, 91), *range(1, 11)]  # 90 users on 60 coupons, ten of them ask twice


def ask(target: Target, users: list[int]) -> pd.DataFrame:
    """Ask for a coupon for each user, eight at a time; the attempts as k6's points would give them."""
    with requests.Session() as session, ThreadPoolExecutor(8) as pool:

        def one(user: int) -> tuple[int, int, float, float]:
            started = time.time()
            reply = session.post(
                f"{target.service}/coupons/{target.coupon_id}/issue", json={"user_id": user}, timeout=30
            )
            return user, reply.status_code, started, time.time()

        rows = list(pool.map(one, users))
    return pd.DataFrame(rows, columns=["user", "status", "started", "ended"]).astype({"user": "Int64"})


@dataclass(frozen=True, slots=True)
class Driven:
    """A fresh service, what its users were told, when all of them were confirmed, the stock meanwhile."""

    stack: Any
    target: Target
    attempts: pd.DataFrame
    drained: float | None
    samples: list[Sample] | None = None

    def judged(self, folder: Path) -> Audit:
        """The audit of what is there now (the counters of a fresh service begin at 0)."""
        evidence.collect(
            self.stack.endpoints, self.target, folder, baseline={}, drained=self.drained, samples=self.samples
        )
        found = evidence.load(folder)
        return audit(self.attempts, AuditEvidence.of(found.frames, found.facts))


def statuses(result: Audit) -> dict[str, str]:
    return {check.id: check.status.value for check in result.invariants}


def failed(result: Audit) -> list[str]:
    return [check.id for check in result.invariants if check.status is Status.FAIL]


@pytest.fixture(params=["report", "recommended"])
def driven(request: pytest.FixtureRequest, stack: Any) -> Driven:
    """A drained service of each preset."""
    target = stack.reset(request.param, coupons=STOCK)
    with sampled(stack.endpoints, target) as sampler:
        attempts = ask(target, USERS)
    drained = stack.drain(target)
    assert drained is not None
    return Driven(stack, target, attempts, drained, sampler.samples)


def test_a_good_run_passes_with_every_source_read(driven: Driven, tmp_path: Path) -> None:
    attempts = driven.attempts
    result = driven.judged(tmp_path)
    assert failed(result) == []
    assert result.verdict is Status.PASS
    assert result.counts == {
        "attempts": 100,
        "accepted": STOCK,
        "confirmed": STOCK,
        "lost": 0,
        "unexpected": 0,
        "duplicated": 0,
        "recovered": 0,
        "rows": STOCK,
        "oversold": 0,
        "stock_samples": len(driven.samples or ()),
        "leaked": 0,
        "topic_messages": STOCK,
        "topic_duplicates": 0,
        "dead_letters": 0,
        "dead_letter_tries": 0,
        "dead_letters_too_few_tries": 0,
    }
    one_key = driven.target.knobs["partition_key"] == "coupon"
    assert statuses(result)["I10"] == ("PASS" if one_key else "NA")
    found = evidence.load(tmp_path)
    assert sum(found.facts["service_requests"].values()) == 100
    assert found.facts["partitions"] == driven.target.knobs["partitions"]
    assert found.issues is not None
    assert found.issues["accepted_at"].between(attempts["started"].min() - 1, attempts["ended"].max() + 1).all()
    assert (found.issues["confirmed_at"] >= found.issues["accepted_at"]).all()
    assert set(found.facts["reasons"]) <= {"redis_remaining", "group_offsets"}
    assert driven.samples is not None
    first, *_, last = driven.samples
    keeper = "database_remaining" if driven.target.knobs["reservation"] == "redis-lock" else "redis_remaining"
    assert (first.issued, last.issued) == (0, STOCK)
    assert (getattr(first, keeper), getattr(last, keeper)) == (STOCK, 0)


def test_damage_in_the_database_is_found(driven: Driven, tmp_path: Path) -> None:
    winner = int(driven.attempts.loc[driven.attempts["status"] == 201, "user"].iloc[0])
    engine = create_engine(driven.stack.endpoints.database)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM issues WHERE user_id = :user"), {"user": winner})
        connection.execute(text("UPDATE issues SET confirmations = 2 LIMIT 1"))
    engine.dispose()
    result = driven.judged(tmp_path)
    assert failed(result) == ["I3", "I7", "I9"]
    assert result.counts["leaked"] == 1


def test_a_message_sent_again_and_one_that_is_no_event(driven: Driven, tmp_path: Path) -> None:
    stack, target = driven.stack, driven.target
    first = _first_message(stack.endpoints.kafka, target.topic)
    producer = KafkaProducer(bootstrap_servers=stack.endpoints.kafka)
    for value in (first.value, b"not an event"):
        producer.send(target.topic, value=value, key=first.key, partition=first.partition).get(timeout=10)
    producer.close()
    result = driven.judged(tmp_path)
    assert failed(result) == ["I7"]
    assert (result.counts["topic_messages"], result.counts["topic_duplicates"]) == (STOCK + 2, 1)
    assert statuses(result)["I9"] == "PASS"


def test_a_redis_that_lost_everything_is_unknown_not_full(stack: Any, tmp_path: Path) -> None:
    target = stack.reset("recommended", coupons=STOCK)
    driven = Driven(stack, target, ask(target, USERS), stack.drain(target))
    assert driven.drained is not None
    with redis.Redis.from_url(stack.endpoints.redis) as client:
        client.delete(f"coupon:{target.coupon_id}:stock")
    result = driven.judged(tmp_path)
    assert failed(result) == []
    assert statuses(result)["I6"] == "UNKNOWN"
    assert statuses(result)["I1"] == "UNKNOWN", "nobody took samples"


def test_consumers_that_are_slow_are_unknown_not_lost(stack: Any, tmp_path: Path) -> None:
    target = stack.reset("report", coupons=STOCK)
    (consumer,) = (psutil.Process(one.pid) for one in stack.backend.processes.found() if one.name == "consumer-0")
    consumer.suspend()
    try:
        attempts = ask(target, USERS)
        drained = stack.backend.drain(target, timeout_s=0.5, step=print)
        result = Driven(stack, target, attempts, drained).judged(tmp_path)
    finally:
        consumer.resume()
    assert drained is None
    assert failed(result) == []
    assert statuses(result)["I9"] == "UNKNOWN"
    assert evidence.load(tmp_path).facts["group_offsets"] is not None
    assert stack.drain(target) is not None


def _first_message(bootstrap: str, topic: str) -> Any:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        consumer.assign([TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)])
        while True:
            for records in consumer.poll(timeout_ms=500).values():
                return records[0]
    finally:
        consumer.close()
