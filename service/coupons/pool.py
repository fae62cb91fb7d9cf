"""Database connections of the service: a fixed number, handed out in order of asking, with a bounded wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import asyncmy
from asyncmy.errors import MySQLError

from coupons.database import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, SESSION
from coupons.errors import Busy, NotWritten
from coupons.metrics import Stage
from coupons.settings import Database

if TYPE_CHECKING:
    from asyncmy.connection import Connection

WAIT_S: Final = 10.0
#: What a broken connection or an unreachable server raises.
LOST: Final = (MySQLError, OSError, EOFError, asyncio.TimeoutError)
#: Error numbers of the client side (lost, gone away), and those by which a server says goodbye.
CLIENT_ERRORS: Final = range(2000, 3000)
GOODBYES: Final = frozenset({1053, 1927})


class Pool:
    """At most `size` connections; who waits longest is served first."""

    def __init__(self, where: Database, size: int, waited: Stage | None = None) -> None:
        self.size = size
        self._where = where
        self._waited = waited or Stage()
        self._idle: list[Connection] = []
        self._free = size
        self._waiters: deque[asyncio.Future[None]] = deque()

    @property
    def in_use(self) -> int:
        """Connections at work."""
        return self.size - self._free

    @property
    def waiting(self) -> int:
        """Requests that wait for a connection."""
        return len(self._waiters)

    @asynccontextmanager
    async def connection(self, wait_s: float = WAIT_S, *, requests: int = 1) -> AsyncIterator[Connection]:
        """A connection outside any transaction, for as many requests as wait for it together.

        A connection on which an exception passed is closed, and the server rolls back what it had begun. When one was
        lost, the idle ones are given up too: after a restart of the database each would cost its next user the same.

        Raises
        ------
        Busy
            No connection became free in `wait_s`.
        NotWritten
            A new connection was needed and the database did not answer.
        """
        asked = perf_counter()
        try:
            await self._enter(wait_s)
            connection = self._take_idle() or await self._new()
        finally:
            self._waited.share(perf_counter() - asked, requests)
        whole = False
        try:
            yield connection
            whole = True
        except LOST as error:
            if _is_lost(error):
                self._drop_idle()
            raise
        finally:
            self._leave(connection, whole)

    def _take_idle(self) -> Connection | None:
        """One that the server has not closed meanwhile (it was restarted, or tired of waiting), without asking it."""
        while self._idle:
            connection = self._idle.pop()
            # What asyncmy's own pool asks (its stub does not know it); `connected` stays true then.
            if not connection._stream_broken:  # type: ignore[attr-defined]
                return connection
            connection.close()
        return None

    async def _new(self) -> Connection:
        try:
            return await self._connect()
        except BaseException:
            self._release()
            raise

    def _leave(self, connection: Connection, whole: bool) -> None:
        if not connection.connected:
            self._drop_idle()
        elif whole:
            self._idle.append(connection)
        else:
            connection.close()
        self._release()

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def _enter(self, wait_s: float) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(turn)
        timer = asyncio.get_running_loop().call_later(wait_s, _expire, turn)
        try:
            await turn
        except (Busy, asyncio.CancelledError):
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._release()  # the turn came together with the cancellation
            else:
                with suppress(ValueError):
                    self._waiters.remove(turn)
            raise
        finally:
            timer.cancel()

    def _release(self) -> None:
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _connect(self) -> Connection:
        return await connect(self._where)

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        while self._idle:
            with suppress(*LOST):
                await self._idle.pop().ensure_closed()


async def connect(where: Database) -> Connection:
    """A connection without autocommit; NotWritten when the database does not answer."""
    connection: Connection | None = None
    try:
        connection = await asyncmy.connect(**_address(where), autocommit=False)
        async with connection.cursor() as cursor:
            for statement in SESSION:
                await cursor.execute(statement)
    except LOST as error:
        if connection is not None:
            connection.close()
        raise NotWritten("the database does not answer") from error
    return connection


def _is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, rather than a statement refused."""
    number = error.args[0] if error.args and isinstance(error, MySQLError) else 0
    return number == 0 or number in CLIENT_ERRORS or number in GOODBYES


def _expire(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(Busy("no database connection became free"))


def _address(where: Database) -> dict[str, Any]:
    return {
        "host": where.host,
        "port": where.port,
        "user": where.user,
        "password": where.password,
        "database": where.name,
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": ANSWER_TIMEOUT_S,
    }
