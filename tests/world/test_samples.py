"""The stock while a run goes: counted without counting everything anew, servers that are away cost their part."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import Engine, create_engine, event, text

from rushlab.world import samples
from rushlab.world.evidence import _sampled
from rushlab.world.evidence_files import SCHEMAS, write_frame
from rushlab.world.samples import SETTLED_S, Sample, StockGauge, StockSampler

STOCK = 10


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    """Coupon 1, and coupon 2 (the warm-up's) with a row of its own."""
    engine = create_engine(f"sqlite:///{tmp_path / 'coupons.db'}")
    for statement in (
        "CREATE TABLE coupons (id INTEGER, stock INTEGER, remaining INTEGER)",
        "CREATE TABLE issues (id INTEGER PRIMARY KEY, coupon_id INTEGER)",
        f"INSERT INTO coupons VALUES (1, {STOCK}, {STOCK}), (2, 99, 98)",
        "INSERT INTO issues VALUES (1, 2)",
    ):
        execute(engine, statement)
    yield engine
    engine.dispose()


class Redis:
    """One answer to GET; an exception is raised."""

    def __init__(self, answer: Any = b"7") -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(self, key: str) -> Any:
        self.asked.append(key)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(samples, "time", clock)
    return clock


def execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def issue(engine: Engine, *ids: int, coupon: int = 1) -> None:
    for one in ids:
        execute(engine, f"INSERT INTO issues VALUES ({one}, {coupon})")


def gauge(engine: Engine, client: Any = None) -> StockGauge:
    return StockGauge(engine, client or Redis(), 1)


def test_a_look_at_one_coupon(database: Engine, clock: Clock) -> None:
    issue(database, 2, 3)
    client = Redis()
    assert gauge(database, client).look() == Sample(1000.0, 2, STOCK, 7)
    assert client.asked == ["coupon:1:stock"]


def test_every_row_is_counted_once_however_long_it_has_been_there(database: Engine, clock: Clock) -> None:
    look = gauge(database).look
    for step in range(60):
        issue(database, *range(2 + 3 * step, 4 + 3 * step))
        issue(database, 4 + 3 * step, coupon=2)
        clock.now += 1
        assert look().issued == 2 * (step + 1)


def test_a_row_whose_transaction_took_long_is_counted_when_it_comes(database: Engine, clock: Clock) -> None:
    look = gauge(database).look
    issue(database, 2, 4, 5)
    assert look().issued == 3
    clock.now += SETTLED_S - 1
    issue(database, 3, 6)  # id 3 was drawn before the others, and committed now
    assert look().issued == 5
    clock.now += 100
    assert look().issued == 5


def test_rows_that_have_long_been_there_are_not_read_again(database: Engine, clock: Clock) -> None:
    looking = gauge(database)
    asked: list[tuple[Any, ...]] = []
    event.listen(database, "before_cursor_execute", lambda *told: asked.append(told[3]))
    issue(database, *range(2, 50))
    looking.look()
    for _ in range(2):
        clock.now += SETTLED_S + 1
        looking.look()
    assert 49 in asked[-1] and 0 not in asked[-1][-1:]  # only ids beyond 49


def test_a_row_that_was_taken_away_again_stays_counted(database: Engine, clock: Clock) -> None:
    looking = gauge(database)
    issue(database, 2, 3)
    looking.look()
    clock.now += SETTLED_S + 1
    looking.look()
    clock.now += 1
    execute(database, "DELETE FROM issues WHERE id = 2")
    assert looking.look().issued == 2


def test_a_stock_below_zero_is_told_as_it_is(database: Engine, clock: Clock) -> None:
    execute(database, "UPDATE coupons SET remaining = -1 WHERE id = 1")
    look = gauge(database, Redis(b"-3")).look()
    assert (look.database_remaining, look.redis_remaining) == (-1, -3)


@pytest.mark.parametrize("answer", [None, b"many", RedisConnectionError("refused"), OSError("gone")])
def test_what_redis_does_not_have_is_none(database: Engine, clock: Clock, answer: Any) -> None:
    assert gauge(database, Redis(answer)).look() == Sample(1000.0, 0, STOCK, None)


def test_a_database_that_is_away_for_a_while_costs_no_row(database: Engine, clock: Clock) -> None:
    looking = gauge(database)
    issue(database, 2, 3)
    assert looking.look().issued == 2
    execute(database, "ALTER TABLE issues RENAME TO away")
    clock.now += SETTLED_S + 1
    assert looking.look() == Sample(clock.now, None, None, 7)
    execute(database, "ALTER TABLE away RENAME TO issues")
    issue(database, 4)
    clock.now += SETTLED_S + 1
    assert looking.look().issued == 3


class Counting:
    """A gauge that counts how often somebody looked."""

    def __init__(self) -> None:
        self.looks = 0
        self.third = threading.Event()

    def look(self) -> Sample:
        self.looks += 1
        if self.looks == 3:
            self.third.set()
        return Sample(time.time(), self.looks, None, None)


def test_the_first_look_is_at_the_begin_and_the_last_at_the_end() -> None:
    counting = Counting()
    with StockSampler(counting, every_s=60) as sampler:
        pass
    assert [one.issued for one in sampler.samples] == [1, 2]


def test_looks_go_on_in_between() -> None:
    counting = Counting()
    with StockSampler(counting, every_s=0.01) as sampler:
        assert counting.third.wait(30)
    assert len(sampler.samples) == counting.looks >= 4


@pytest.mark.parametrize("taken", [[], [Sample(1.5, 1, None, 3), Sample(2.5, None, None, None)]])
def test_samples_as_parquet(taken: list[Sample], tmp_path: Path) -> None:
    write_frame(tmp_path / "samples.parquet", SCHEMAS["samples"], _sampled(taken))
    frame = pd.read_parquet(tmp_path / "samples.parquet")
    assert list(frame.columns) == ["at", "issued", "database_remaining", "redis_remaining"]
    assert frame.notna().to_numpy().sum() == sum(value is not None for one in taken for value in one)
