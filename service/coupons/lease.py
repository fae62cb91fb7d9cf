"""One service process per database: a named lock in the database, held for as long as the process lives.

Only the process itself knows which reservations in Redis are about to be committed. A second one would rebuild Redis
without them and sell their coupons again, so it may neither rebuild nor serve while the first one lives.

The database frees the lock when it is restarted or the connection ends, and this process sees that at its next beat:
after a second, or after as long as the database lets it wait for an answer (10 s). From then on nothing is committed
that was reserved before (`Fence`). What is committed until then, a service that took the lock and rebuilt Redis in that
time does not know of, and may sell a coupon too many: the lock alone is no fencing token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from coupons.errors import NotWritten, Occupied
from coupons.pool import LOST, connect
from coupons.settings import Database

if TYPE_CHECKING:
    from asyncmy.connection import Connection

#: The database needs a moment to notice that a predecessor which was killed is gone.
WAIT_S: Final = 2
BEAT_S: Final = 1.0
LONGEST_NAME: Final = 64

log = logging.getLogger(__name__)


class Fence:
    """Whether what was reserved may still be committed: shut when the lease is lost, open again after a rebuild."""

    __slots__ = ("open",)

    def __init__(self) -> None:
        self.open = True

    def pass_through(self) -> None:
        """Just before a commit; NotWritten when the lease was lost."""
        if not self.open:
            raise NotWritten("this process has lost its lease of the database")


class Lease:
    """The lock, on a connection of its own: the database frees it when that connection ends."""

    def __init__(self, where: Database) -> None:
        self._where = where
        self._name = f"coupons-service {where.name}"[:LONGEST_NAME]
        self._connection: Connection | None = None
        self.lost: Callable[[str], None] = lambda why: None  # set by the reservation that believes Redis

    @property
    def held(self) -> bool:
        """Whether this process has it, as far as it knows."""
        return self._connection is not None

    async def begin(self) -> None:
        """Take it; while the database does not answer it is not held, and `keep` goes on trying.

        Raises
        ------
        Occupied
            Another process has it.
        """
        try:
            await self._take()
        except (NotWritten, *LOST) as error:
            log.warning("the database cannot be asked whether another service is at work: %s", error)

    async def keep(self) -> None:
        """Look after it until cancelled; Occupied when it was lost and another process has it now."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                if self._connection is None:
                    await self._take()
                elif not await _value(self._connection, "SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", self._name):
                    self._drop("the database has freed it")
            except (NotWritten, *LOST) as error:
                self._drop(str(error))

    async def _take(self) -> None:
        connection = await connect(self._where)
        try:
            got = await _value(connection, "SELECT GET_LOCK(%s, %s)", self._name, WAIT_S)
        except BaseException:
            connection.close()
            raise
        if got != 1:
            connection.close()
            raise Occupied(f"Another service process works with the database {self._where.name}; there may be one.")
        self._connection = connection

    def _drop(self, why: str) -> None:
        if self._connection is not None:
            log.warning("the lease was lost: %s", why)
            self._connection.close()
            self._connection = None
            self.lost("the database has lost this process's lease")

    async def close(self) -> None:
        """Give it back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*LOST):
                await connection.ensure_closed()


async def _value(connection: Connection, query: str, *parameters: object) -> Any:
    async with connection.cursor() as cursor:
        await cursor.execute(query, parameters)
        ((value,),) = await cursor.fetchall()
    await connection.rollback()
    return value
