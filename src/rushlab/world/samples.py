"""The stock while a run goes: one look a second at the database and at Redis, each look one query."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import TracebackType
from typing import NamedTuple, Protocol, Self

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import Engine, case, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from rushlab.world.evidence_database import coupons, issues
from rushlab.world.evidence_redis import stock_key
from rushlab.world.repeating import Repeating
from rushlab.world.stack.backend import Endpoints, Target

EVERY_S = 1.0
#: A server that does not answer within this time is not waited for: that sample lacks what it knows.
ANSWER_S = 2
#: Rows may be committed in another order than their ids were drawn in, but not later than a transaction lives.
SETTLED_S = 15.0


class Sample(NamedTuple):
    """What one look found at `at` (epoch seconds); None = the server did not answer or does not have it.

    `issued`: rows that the coupon has had so far; the two others: what is left of the stock where each keeps it.
    """

    at: float
    issued: int | None
    database_remaining: int | None
    redis_remaining: int | None


class Gauge(Protocol):
    """Looks at the stock once."""

    def look(self) -> Sample:
        """One sample; never raises for a server that is away."""


class StockSampler:
    """Takes a sample when it is entered, every second while it is, and when it is left; `samples` has them all."""

    def __init__(self, gauge: Gauge, every_s: float = EVERY_S) -> None:
        self._gauge = gauge
        self._sampling = Repeating(self._sample, every_s, "stock-samples")
        self.samples: list[Sample] = []

    def __enter__(self) -> Self:
        self._sample()
        self._sampling.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sampling.end()
        self._sample()

    def _sample(self) -> None:
        self.samples.append(self._gauge.look())


@contextmanager
def sampled(endpoints: Endpoints, target: Target) -> Iterator[StockSampler]:
    """Samples of the target's stock while this is entered; a server that is away costs its samples, nothing else."""
    timeouts = {"connect_timeout": ANSWER_S, "read_timeout": ANSWER_S, "write_timeout": ANSWER_S, "autocommit": True}
    engine = create_engine(endpoints.database, connect_args=timeouts)
    once = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(endpoints.redis, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=once)
    with closing(client):
        try:
            with StockSampler(StockGauge(engine, client, target.coupon_id)) as sampler:
                yield sampler
        finally:
            engine.dispose()


class StockGauge:
    """Looks at a target's coupon in the database and in Redis, at little cost.

    The rows are not counted anew each time: those that have long been there are only added up.
    """

    def __init__(self, engine: Engine, client: redis.Redis, coupon_id: int) -> None:
        self._engine, self._client, self._coupon_id = engine, client, coupon_id
        self._settled = 0  # rows up to the id `_mark`
        self._mark = 0
        self._seen: deque[tuple[float, int]] = deque()  # moments and the highest id that was there

    def look(self) -> Sample:
        """See `Gauge.look`."""
        at = time.time()
        issued, left = self._database(at)
        return Sample(at, issued, left, self._redis())

    def _database(self, now: float) -> tuple[int | None, int | None]:
        mark = self._mark
        while self._seen and self._seen[0][0] < now - SETTLED_S:
            mark = self._seen.popleft()[1]
        young = (issues.c.coupon_id == self._coupon_id, issues.c.id > self._mark)
        of_coupon = select(coupons.c.remaining).where(coupons.c.id == self._coupon_id).scalar_subquery()
        settling = func.coalesce(func.sum(case((issues.c.id <= mark, 1), else_=0)), 0)
        query = select(func.count(), settling, func.max(issues.c.id), of_coupon)
        try:
            with self._engine.connect() as connection:
                count, settled, highest, left = connection.execute(query.where(*young)).one()
        except SQLAlchemyError:
            return None, None
        issued = self._settled + int(count)
        self._settled, self._mark = self._settled + int(settled), mark
        self._seen.append((now, int(highest or mark)))
        return issued, None if left is None else int(left)

    def _redis(self) -> int | None:
        try:
            left = self._client.get(stock_key(self._coupon_id))
            return None if left is None else int(left)
        except (RedisError, OSError, ValueError):
            return None
