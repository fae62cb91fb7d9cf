"""The parts of a service process, put together as the knobs say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.registry import CollectorRegistry

from coupons.event_ids import EventIds
from coupons.lease import Fence, Lease
from coupons.pool import Pool
from coupons.reservation import Reservation
from coupons.reservation.atomic import Atomic
from coupons.reservation.db_lock import DbLock
from coupons.reservation.paused import Paused
from coupons.reservation.rebuild import Rebuild
from coupons.reservation.redis_client import connect
from coupons.reservation.redis_lock import NarrowRedisLock, RedisLock
from coupons.reservation.shared_rebuild import SharedRebuild
from coupons.reservation.takes import Takes
from coupons.reservation.token_lock import TokenLock
from coupons.reservation.trust import Trust
from coupons.service_metrics import ServiceMetrics
from coupons.settings import Settings
from coupons.tables import Tables
from coupons.writers import Writer
from coupons.writers.grouped import GroupedWriter
from coupons.writers.per_request import PerRequestWriter
from coupons.writers.settling import Settling


@dataclass(frozen=True, slots=True)
class Core:
    """What every kind of reservation works with."""

    pool: Pool
    tables: Tables
    settling: Settling
    writer: Writer
    metrics: ServiceMetrics
    lease: Lease
    fence: Fence


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running service consists of."""

    core: Core
    reservation: Reservation

    async def start(self) -> None:
        """Make ready."""
        await self.reservation.start()

    async def close(self) -> None:
        """Finish in order: what is being written, what is being settled, then the connections."""
        await self.core.writer.close()
        await self.core.settling.close()
        await self.reservation.close()
        await self.core.pool.close()


class Link(Protocol):
    """A worker's way to its deployment, which has the lease and says when Redis is rebuilt."""

    order: Callable[[str], None]
    silent: Callable[[str], None]

    def tell(self, words: str) -> None:
        """Say something to the deployment."""


def assemble(settings: Settings, registry: CollectorRegistry, link: Link | None = None) -> Parts:
    """The parts, not started; to be called inside the event loop. With a `link`, those of one worker of several."""
    metrics = ServiceMetrics(registry)
    pool = _pool(settings, metrics)
    settling = Settling(pool)
    fence = Fence()
    writer = _writer(settings, pool, settling, metrics, fence)
    core = Core(pool, Tables(pool), settling, writer, metrics, Lease(settings.database), fence)
    reservation = _reservation(settings, core, link)
    pause_ms = settings.knobs.pause_ms
    return Parts(core, Paused(reservation, pause_ms / 1000) if pause_ms else reservation)


def _pool(settings: Settings, metrics: ServiceMetrics) -> Pool:
    pool = Pool(settings.database, settings.knobs.pool_size, metrics.stages["pool"])
    metrics.table.gauge("coupons_pool_in_use", "Database connections at work", lambda: pool.in_use)
    metrics.table.gauge("coupons_pool_size", "Database connections at most", lambda: pool.size)
    metrics.table.gauge("coupons_pool_waiting", "Requests waiting for a connection", lambda: pool.waiting)
    return pool


def _writer(settings: Settings, pool: Pool, settling: Settling, metrics: ServiceMetrics, fence: Fence) -> Writer:
    takes_stock = settings.knobs.reservation in ("db-lock", "redis-lock")
    kind = GroupedWriter if settings.knobs.outbox == "grouped" else PerRequestWriter
    return kind(pool, EventIds(pool), settling, metrics, takes_stock=takes_stock, fence=fence)


def _reservation(settings: Settings, core: Core, link: Link | None) -> Reservation:
    knobs = settings.knobs
    if knobs.reservation == "db-lock":
        return DbLock(core.writer)
    if knobs.reservation == "redis-lock":
        redis = connect(settings.redis)
        lock = TokenLock(redis, knobs.lock_ttl, core.metrics.stages["lock"], watchdog=knobs.lock_watchdog)
        if knobs.lock_scope == "narrow":
            return NarrowRedisLock(redis, lock, core.writer, core.tables)
        return RedisLock(redis, lock, core.writer)
    return _atomic(settings, core, link)


def _atomic(settings: Settings, core: Core, link: Link | None) -> Atomic:
    kind = settings.knobs.reservation.removeprefix("redis-")
    # The rebuild has connections of its own: it must reach a Redis that is not believed yet.
    own = connect(settings.redis, connections=1)
    alone = (lambda: core.lease.held) if link is None else (lambda: True)  # the deployment orders none without it
    rebuild = Rebuild(own, core.pool, sorted_set=kind == "zset", alone=alone)
    shared = SharedRebuild(rebuild, link.tell) if link else None
    trust = Trust(shared or rebuild, core.metrics.rebuilds, core.fence)
    redis = connect(settings.redis, on_connect=trust.check_connection)
    scripts = Takes(redis, kind, core.metrics.stages["redis"])
    atomic = Atomic(scripts, trust, core.writer, core.tables, core.metrics.given_back, alone=link is None)
    core.settling.resolved = atomic.settled
    core.lease.lost = trust.lease_lost
    if link and shared:
        shared.closed = trust.distrust
        shared.lost = link.silent = trust.lease_lost
        link.order = shared.hear
    return atomic


async def watch_loop(metrics: ServiceMetrics, every_s: float = 0.05) -> None:
    """Measure how late the event loop wakes up; the longest delay of the last second is shown."""
    loop = asyncio.get_running_loop()
    worst = [0.0] * round(1 / every_s)
    turn = 0
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        worst[turn % len(worst)] = max(0.0, loop.time() - due)
        turn += 1
        metrics.loop_delay = max(worst)
