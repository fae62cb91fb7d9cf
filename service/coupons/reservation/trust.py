"""Whether Redis may be believed. Once it may not, requests get 503 until it has been rebuilt from the database.

Redis is not believed after a restart (another run id), a missing key, or a call whose answer was lost: its effect is
unknown. The rebuild waits until nothing is between its reservation and its commit, so that it reads the whole truth.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

from redis.asyncio import Connection as RedisConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from coupons.errors import CannotDecide
from coupons.lease import Fence
from coupons.metrics import Counter
from coupons.reservation.undecided import Undecided

PAUSE_S: Final = 0.5
QUIET_POLL_S: Final = 0.01

log = logging.getLogger(__name__)


class Rebuilding(Protocol):
    """How Redis is rebuilt: by this process alone (`Rebuild`), or by one of several workers (`SharedRebuild`)."""

    async def all(self) -> str:
        """Rebuild every coupon; the run id of the Redis that now holds the truth (CannotDecide when it fails)."""

    async def close(self) -> None:
        """Let go of what it holds."""


class Trust:
    """Open while Redis is believed; `undecided` holds the requests between reservation and commit.

    `fence` is what they pass before their commit. A Redis that is not believed shuts nobody out: what was reserved
    there is committed, and the rebuild waits for it. It is shut only when the lease is lost.
    """

    def __init__(self, rebuild: Rebuilding, rebuilds: Counter, fence: Fence | None = None) -> None:
        self.open = False
        self.undecided = Undecided()
        self.fence = fence or Fence()
        self._losses = 0
        self._rebuild = rebuild
        self._rebuilds = rebuilds
        self._run_id: str | None = None
        self._work: asyncio.Task[None] | None = None

    def distrust(self, why: str) -> None:
        """Stop believing Redis and begin to rebuild it."""
        if self.open:
            log.warning("Redis is rebuilt from the database: %s", why)
        self.begin()

    def lease_lost(self, why: str) -> None:
        """Another service may have rebuilt Redis: nothing that was reserved there may be committed any more."""
        self._losses += 1
        self.fence.open = False
        self.distrust(why)

    def begin(self) -> None:
        """Close, and rebuild unless a rebuild is under way."""
        self.open = False
        if self._work is None:
            self._work = asyncio.create_task(self._until_rebuilt())

    async def rebuilt(self) -> None:
        """Wait for the rebuild that is under way."""
        if self._work is not None:
            await self._work

    async def _until_rebuilt(self) -> None:
        try:
            while not self.open:
                await self._quiet()
                losses = self._losses
                try:
                    self._run_id = await self._rebuild.all()
                except CannotDecide as error:
                    log.warning("the rebuild failed: %s", error)
                    await asyncio.sleep(PAUSE_S)
                except Exception:
                    log.exception("the rebuild failed")
                    await asyncio.sleep(PAUSE_S)
                else:
                    self._rebuilds.add()
                    self.open = self.fence.open = losses == self._losses
        finally:
            self._work = None

    async def _quiet(self) -> None:
        while self.undecided:
            await asyncio.sleep(QUIET_POLL_S)

    async def check_connection(self, connection: RedisConnection) -> None:
        """Refuse a connection to a Redis that is not the one that was rebuilt (redis-py's connect hook)."""
        await connection.on_connect()
        await connection.send_command("INFO", "server")
        info = await connection.read_response()
        text = info.decode() if isinstance(info, bytes) else str(info)
        if self._run_id and f"run_id:{self._run_id}" not in text:
            raise RedisConnectionError("Redis was restarted")

    async def close(self) -> None:
        """Stop a rebuild that is under way."""
        self.open = False
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await self._rebuild.close()
