"""A database for the writers: what each statement and each commit does is told by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from asyncmy.errors import IntegrityError, OperationalError
from prometheus_client import CollectorRegistry

from coupons.lease import Fence
from coupons.pool import Pool
from coupons.service_metrics import ServiceMetrics
from coupons.settings import Database
from coupons.writers.grouped import GroupedWriter
from coupons.writers.settling import Settling
from coupons.writers.statements import Row

NOWHERE = Database(host="127.0.0.1", port=1, user="u", password="p", name="d")


def duplicate() -> Exception:
    return IntegrityError(1062, "Duplicate entry")


def lost() -> Exception:
    return OperationalError(2013, "Lost connection to MySQL server during query")


def lock_wait() -> Exception:
    return OperationalError(1205, "Lock wait timeout exceeded; try restarting transaction")


def deadlock() -> Exception:
    return OperationalError(1213, "Deadlock found when trying to get lock")


class Script:
    """What happens at each statement and commit, in their order; None is success, and so is the end of the list."""

    def __init__(self) -> None:
        self.inserts: list[Exception | None] = []
        self.commits: list[Exception | None] = []
        self.keys: list[Any] = []
        self.keys_fail: list[Exception] = []
        self.pending: list[Row] = []
        self.committed: list[Row] = []
        self.gate: asyncio.Event | None = None
        self.takes_s = 0.0

    async def insert(self, rows: Sequence[Row]) -> None:
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(self.takes_s)
        error = self.inserts.pop(0) if self.inserts else None
        if error is not None:
            raise error
        self.pending = [*self.pending, *rows]

    async def commit(self) -> None:
        rows, self.pending = self.pending, []
        await asyncio.sleep(0)
        error = self.commits.pop(0) if self.commits else None
        if error is not None:
            raise error
        self.committed += rows


class Cursor:
    def __init__(self, script: Script) -> None:
        self._script = script

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def executemany(self, statement: str, rows: Sequence[Row]) -> int:
        if "INTO issues" in statement:
            await self._script.insert(rows)
        return len(rows)

    async def execute(self, statement: str, row: Any = ()) -> int:
        if "INTO issues" in statement:
            await self._script.insert([row])
        if "INTO idempotency_keys" in statement:
            if self._script.keys_fail:
                raise self._script.keys_fail.pop(0)
            self._script.keys.append(row[:-1])
        return 1

    async def fetchall(self) -> list[Any]:
        return []


class Connection:
    def __init__(self, script: Script) -> None:
        self._script = script
        self.connected = True
        self._stream_broken = False

    def cursor(self) -> Cursor:
        return Cursor(self._script)

    async def commit(self) -> None:
        await self._script.commit()

    async def rollback(self) -> None:
        self._script.pending = []

    def close(self) -> None:
        self.connected = False
        self._script.pending = []

    async def ensure_closed(self) -> None:
        self.close()


class ScriptedPool(Pool):
    """A pool whose connections follow the script."""

    def __init__(self, script: Script, size: int = 2) -> None:
        super().__init__(NOWHERE, size)
        self.script = script

    async def _connect(self) -> Any:
        return Connection(self.script)


class Ids:
    """EventIds from memory."""

    def __init__(self) -> None:
        self._next = 1

    async def take(self, count: int) -> range:
        first, self._next = self._next, self._next + count
        return range(first, first + count)


class ToldSettling(Settling):
    """What became of a commit is told by the test: at once, or later by `resolve`."""

    def __init__(self) -> None:
        super().__init__(Pool(NOWHERE, 1))
        self.answers: list[bool | None] = []
        self.asked: list[Row] = []

    async def settle(self, rows: Sequence[Row]) -> bool | None:
        answer = self.answers.pop(0)
        if answer is None:
            self.asked += rows
        return answer

    def resolve(self, written: Callable[[Row], bool]) -> None:
        rows, self.asked = self.asked, []
        for row in rows:
            self.resolved(row, written(row))


@asynccontextmanager
async def grouped(
    script: Script, settling: Settling, metrics: ServiceMetrics | None = None, fence: Fence | None = None
) -> AsyncIterator[GroupedWriter]:
    """A grouped writer on the script."""
    ids: Any = Ids()
    metrics = metrics or ServiceMetrics(CollectorRegistry())
    writer = GroupedWriter(ScriptedPool(script), ids, settling, metrics, takes_stock=False, fence=fence)
    yield writer
    await writer.close()
