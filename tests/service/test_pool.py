"""The connection pool: bounded, in order, and broken connections are not handed out again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asyncmy.errors import IntegrityError, OperationalError

from coupons.errors import Busy, NotWritten
from coupons.metrics import Stage
from coupons.pool import Pool
from coupons.settings import Database

NOWHERE = Database(host="127.0.0.1", port=1, user="u", password="p", name="d")


class Connection:
    """What the pool needs of a connection."""

    def __init__(self) -> None:
        self.connected = True
        self._stream_broken = False  # as asyncmy says it: the server has closed its end

    def close(self) -> None:
        self.connected = False

    async def ensure_closed(self) -> None:
        self.close()


class CountingPool(Pool):
    """A pool whose connections lead nowhere."""

    def __init__(self, size: int) -> None:
        self.waits = Stage()
        super().__init__(NOWHERE, size, self.waits)
        self.made: list[Connection] = []

    async def _connect(self) -> Any:
        self.made.append(Connection())
        return self.made[-1]


def test_no_more_connections_than_its_size_and_those_who_wait_come_in_order() -> None:
    async def scene() -> None:
        pool, order = CountingPool(2), []

        async def one(number: int) -> None:
            async with pool.connection():
                assert pool.in_use <= 2
                await asyncio.sleep(0)
                order.append(number)

        await asyncio.gather(*(one(number) for number in range(20)))
        assert order == list(range(20))
        assert (len(pool.made), pool.in_use, pool.waiting) == (2, 0, 0)

    asyncio.run(scene())


def test_a_wait_is_bounded() -> None:
    async def scene() -> None:
        pool = CountingPool(1)
        async with pool.connection():
            with pytest.raises(Busy):
                async with pool.connection(wait_s=0.01):
                    pass
            assert pool.waiting == 0
        async with pool.connection(wait_s=0.01):
            assert pool.in_use == 1

    asyncio.run(scene())


def test_a_connection_on_which_something_failed_is_closed() -> None:
    async def scene() -> None:
        pool = CountingPool(1)
        with pytest.raises(ValueError):
            async with pool.connection():
                raise ValueError
        assert not pool.made[0].connected
        async with pool.connection() as connection:
            assert connection is pool.made[1]

    asyncio.run(scene())


def test_one_who_is_cancelled_while_waiting_takes_nothing_with_him() -> None:
    async def scene() -> None:
        pool = CountingPool(1)

        async def one() -> None:
            async with pool.connection():
                pass

        async with pool.connection():
            gone = asyncio.create_task(one())
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        assert pool.in_use == 0
        await asyncio.wait_for(one(), 1)

    asyncio.run(scene())


def test_a_database_that_is_away_is_a_refusal_and_frees_the_place() -> None:
    async def scene() -> None:
        pool = Pool(NOWHERE, 1)
        for _ in range(2):
            with pytest.raises(Exception, match="database does not answer"):
                async with pool.connection(wait_s=0.01):
                    pass
        assert pool.in_use == 0

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (OperationalError(2013, "Lost connection to MySQL server during query"), 0),
        (OperationalError(1053, "Server shutdown in progress"), 0),
        (OSError("reset"), 0),
        (OperationalError(1213, "Deadlock found"), 2),
        (IntegrityError(1062, "Duplicate entry"), 2),
    ],
)
def test_when_one_connection_is_lost_the_idle_ones_are_given_up(error: Exception, kept: int) -> None:
    async def scene() -> None:
        pool = CountingPool(3)
        async with pool.connection(), pool.connection(), pool.connection():
            pass
        with pytest.raises(type(error)):
            async with pool.connection():
                raise error
        assert sum(connection.connected for connection in pool.made) == kept

    asyncio.run(scene())


def test_one_that_is_found_closed_counts_as_lost() -> None:
    async def scene() -> None:
        pool = CountingPool(2)
        async with pool.connection(), pool.connection():
            pass
        async with pool.connection() as connection:
            connection.close()
        assert not any(connection.connected for connection in pool.made)
        assert pool.in_use == 0

    asyncio.run(scene())


def test_a_wait_that_was_given_up_is_counted_for_each_of_its_requests() -> None:
    async def scene() -> None:
        pool = CountingPool(1)
        async with pool.connection():
            with pytest.raises(Busy):
                async with pool.connection(wait_s=0.02, requests=5):
                    pass
        assert sum(pool.waits.counts) == 2
        assert pool.waits.request_seconds >= 5 * 0.02

    asyncio.run(scene())


def test_the_wait_for_a_new_connection_is_counted_whether_it_comes_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        pool = CountingPool(1)
        made: list[Connection | NotWritten] = [NotWritten("the database does not answer"), Connection()]

        async def connect() -> Any:
            await asyncio.sleep(0.02)
            one = made.pop(0)
            if isinstance(one, NotWritten):
                raise one
            return one

        monkeypatch.setattr(pool, "_connect", connect)
        with pytest.raises(NotWritten):
            async with pool.connection():
                pass
        assert (sum(pool.waits.counts), pool.in_use) == (1, 0)
        async with pool.connection():
            assert sum(pool.waits.counts) == 2
        assert pool.waits.total >= 2 * 0.02

    asyncio.run(scene())


@pytest.mark.parametrize("closed", [1, 2, 3])
def test_idle_connections_that_the_server_has_closed_are_not_handed_out(closed: int) -> None:
    async def scene() -> None:
        pool = CountingPool(3)
        async with pool.connection(), pool.connection(), pool.connection():
            pass
        for connection in pool._idle[-closed:]:
            connection._stream_broken = True  # `connected` stays true, as asyncmy has it
        async with pool.connection() as one, pool.connection() as other, pool.connection() as third:
            assert not any(connection._stream_broken for connection in (one, other, third))
        assert len(pool.made) == 3 + closed
        assert sum(connection.connected for connection in pool.made) == 3

    asyncio.run(scene())
