"""The parts of a service process: who is told what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from coupons.assembly import assemble
from coupons.settings import load


class Link:
    """A worker's way to its deployment, which says nothing."""

    def __init__(self) -> None:
        self.order: Callable[[str], None] = lambda order: None
        self.silent: Callable[[str], None] = lambda why: None

    def tell(self, words: str) -> None: ...


@pytest.mark.parametrize("reservation", ["redis-lua", "redis-zset"])
@pytest.mark.parametrize("outbox", ["grouped", "per-request"])
@pytest.mark.parametrize("told", ["by the lease", "by the deployment", "by its silence"])
def test_who_loses_the_lease_commits_nothing_more(reservation: str, outbox: str, told: str) -> None:
    async def scene() -> None:
        link = None if told == "by the lease" else Link()
        settings = load({"COUPONS_RESERVATION": reservation, "COUPONS_OUTBOX": outbox})
        parts = assemble(settings, CollectorRegistry(), link)
        fence = parts.core.fence
        assert parts.core.writer._fence is fence  # type: ignore[attr-defined]
        assert fence.open
        if link is None:
            parts.core.lease.lost("a test")
        elif told == "by its silence":
            link.silent("a test")
        else:
            link.order("lost")
        assert not fence.open
        await parts.close()

    asyncio.run(scene())


@pytest.mark.parametrize("reservation", ["db-lock", "redis-lock"])
def test_where_the_database_counts_the_stock_the_lease_decides_nothing(reservation: str) -> None:
    async def scene() -> None:
        parts = assemble(
            load({"COUPONS_RESERVATION": reservation, "COUPONS_OUTBOX": "per-request"}), CollectorRegistry()
        )
        parts.core.lease.lost("a test")
        assert parts.core.fence.open
        await parts.close()

    asyncio.run(scene())
