"""Parts of the service on the real Redis and database: scripts against a model, groups with a bad row, lost commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from coupons import applying, decision, schema
from coupons.applying import Applier
from coupons.database import connect
from coupons.decision import Decision, Outcome
from coupons.errors import NotWritten
from coupons.event_ids import BLOCK, EventIds
from coupons.events import CouponIssued
from coupons.pool import Pool
from coupons.reservation.redis_client import script
from coupons.service_metrics import ServiceMetrics
from coupons.settings import Database, load
from coupons.writers.grouped import GroupedWriter
from coupons.writers.per_request import PerRequestWriter
from coupons.writers.settling import Settling

pytestmark = pytest.mark.integration

STOCK_KEY, USERS_KEY = "coupon:0:stock", "coupon:0:users"


@pytest.fixture(scope="module")
def client(stack: Any) -> Any:
    with redis.Redis.from_url(stack.endpoints.redis) as client:
        yield client
        client.delete(STOCK_KEY, USERS_KEY)


@pytest.fixture(scope="module")
def where(stack: Any) -> Database:
    stack.reset("recommended", coupons=1)
    where = load({"COUPONS_DATABASE_URL": stack.endpoints.database}).database
    schema.create(where)
    return where


users = st.integers(1, 12)
steps = st.lists(
    st.tuples(st.sampled_from(["take", "give back"]), st.lists(users, min_size=1, max_size=8)), max_size=12
)


@pytest.mark.parametrize("kind", ["lua", "zset"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stock=st.integers(0, 10), actions=steps)
def test_the_scripts_keep_the_stock_and_serve_each_user_once(
    client: Any, kind: str, stock: int, actions: list[tuple[str, list[int]]]
) -> None:
    client.delete(STOCK_KEY, USERS_KEY)
    client.set(STOCK_KEY, stock)
    have: set[int] = set()
    for action, asked in actions:
        name = ("take_" if action == "take" else "give_back_") + kind
        answer = client.eval(script(name), 2, STOCK_KEY, USERS_KEY, *asked)
        if action == "take":
            assert answer == _taken(have, stock, asked)
        else:
            assert answer == len(have & set(asked))
            have -= set(asked)
        assert int(client.get(STOCK_KEY)) == stock - len(have)
        assert (client.scard if kind == "lua" else client.zcard)(USERS_KEY) == len(have)


def _taken(have: set[int], stock: int, asked: list[int]) -> list[int]:
    """What the script is to answer; `have` becomes who has one afterwards."""
    answers = []
    for user in asked:
        if user in have:
            answers.append(-1)
        elif len(have) < stock:
            have.add(user)
            answers.append(1)
        else:
            answers.append(0)
    return answers


@pytest.mark.parametrize("kind", ["lua", "zset"])
def test_a_missing_stock_is_never_taken_for_a_full_or_an_empty_one(client: Any, kind: str) -> None:
    client.delete(STOCK_KEY, USERS_KEY)
    assert client.eval(script(f"take_{kind}"), 2, STOCK_KEY, USERS_KEY, 1) is None
    assert client.eval(script(f"give_back_{kind}"), 2, STOCK_KEY, USERS_KEY, 1) == 0
    assert not client.exists(STOCK_KEY, USERS_KEY)


def test_the_zset_keeps_the_order_of_arrival(client: Any) -> None:
    client.delete(STOCK_KEY, USERS_KEY)
    client.set(STOCK_KEY, 10)
    for group in ([7, 3], [9], [3, 1]):
        client.eval(script("take_zset"), 2, STOCK_KEY, USERS_KEY, *group)
    assert client.zrange(USERS_KEY, 0, -1) == [b"7", b"3", b"9", b"1"]


@asynccontextmanager
async def writing(where: Database, kind: type[GroupedWriter | PerRequestWriter]) -> AsyncIterator[Any]:
    pool = Pool(where, 2)
    settling = Settling(pool)
    writer = kind(pool, EventIds(Pool(where, 1)), settling, ServiceMetrics(CollectorRegistry()), takes_stock=False)
    yield writer
    await writer.close()
    await settling.close()
    await pool.close()
    await writer._ids._pool.close()


def test_a_bad_row_of_a_group_fails_alone(where: Database) -> None:
    async def scene() -> list[Decision]:
        async with writing(where, GroupedWriter) as writer:
            await writer.write(77, 5)
            return list(await asyncio.gather(*(writer.write(77, user) for user in range(1, 11))))

    decided = asyncio.run(scene())
    assert [d.outcome for d in decided] == [Outcome.ALREADY if user == 5 else Outcome.ISSUED for user in range(1, 11)]
    assert len({d.event_id for d in decided}) == 10


def test_event_ids_are_unique_over_processes_and_blocks(where: Database) -> None:
    async def scene() -> list[int]:
        pool = Pool(where, 3)
        one, other = EventIds(pool), EventIds(pool)
        taken = await asyncio.gather(*(ids.take(BLOCK // 3 + 1) for ids in (one, other) * 5))
        await pool.close()
        return [number for block in taken for number in block]

    numbers = asyncio.run(scene())
    assert len(numbers) == len(set(numbers)) == 10 * (BLOCK // 3 + 1)


class Cutter:
    """A proxy in front of the database that cuts the first connection on which COMMIT comes by."""

    def __init__(self, where: Database, *, deliver: bool) -> None:
        self._where = where
        self._deliver = deliver
        self._armed = True
        self._links: set[asyncio.Task[Any]] = set()

    async def link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(cast("asyncio.Task[Any]", asyncio.current_task()))
        up_reader, up_writer = await asyncio.open_connection(self._where.host, self._where.port)
        back = asyncio.create_task(_copy(up_reader, writer))
        try:
            await self._forth(reader, up_writer)
        finally:
            back.cancel()
            for end in (writer, up_writer):
                end.close()
            await asyncio.gather(back, writer.wait_closed(), up_writer.wait_closed(), return_exceptions=True)

    async def _forth(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        while part := await reader.read(65536):
            cut = self._armed and b"\x03COMMIT" in part
            if not cut or self._deliver:
                up.write(part)
                await up.drain()
            if cut:
                self._armed = False
                return

    async def close(self) -> None:
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65536):
        writer.write(part)


async def _with_cut_commit(
    where: Database, deliver: bool, ask: Callable[[Any], Awaitable[Decision]], kind: type[Any]
) -> Decision:
    cutter = Cutter(where, deliver=deliver)
    server = await asyncio.start_server(cutter.link, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = Database(host="127.0.0.1", port=port, user=where.user, password=where.password, name=where.name)
    pool = Pool(through, 2)
    settling = Settling(pool)
    ids = EventIds(Pool(where, 1))
    writer = kind(pool, ids, settling, ServiceMetrics(CollectorRegistry()), takes_stock=False)
    try:
        return await ask(writer)
    finally:
        await settling.close()
        await pool.close()
        await ids._pool.close()
        server.close()
        await cutter.close()
        await server.wait_closed()


@pytest.mark.parametrize("kind", [GroupedWriter, PerRequestWriter])
def test_a_commit_whose_answer_is_lost_is_found_in_the_database(where: Database, kind: type[Any]) -> None:
    user = 1000 if kind is GroupedWriter else 1001
    decided = asyncio.run(_with_cut_commit(where, True, lambda writer: writer.write(88, user), kind))
    assert decided.outcome is Outcome.ISSUED

    async def again() -> Decision:
        async with writing(where, PerRequestWriter) as writer:
            found: Decision = await writer.write(88, user)
            return found

    assert asyncio.run(again()) == decision.ALREADY


@pytest.mark.parametrize("kind", [GroupedWriter, PerRequestWriter])
def test_a_commit_that_never_arrived_is_known_not_to_be(where: Database, kind: type[Any]) -> None:
    user = 2000 if kind is GroupedWriter else 2001
    with pytest.raises(NotWritten):
        asyncio.run(_with_cut_commit(where, False, lambda writer: writer.write(88, user), kind))

    async def again() -> Decision:
        async with writing(where, PerRequestWriter) as writer:
            found: Decision = await writer.write(88, user)
            return found

    assert asyncio.run(again()).outcome is Outcome.ISSUED


def test_a_coupon_is_confirmed_at_the_end_of_its_transaction_not_at_its_begin(
    where: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inserting the inbox row takes 0.4 s here; the database's clock then says from when the stamp may be."""
    event, now = CouponIssued(990_001, 1, 990_001, datetime(2026, 1, 1, tzinfo=UTC)), "SELECT UTC_TIMESTAMP(6)"
    monkeypatch.setattr(
        applying, "INBOX", "INSERT INTO inbox (event_id, applied_at) SELECT %s, %s FROM (SELECT SLEEP(0.4)) s"
    )
    with closing(connect(where)) as connection, connection.cursor() as cursor:
        row = (event.coupon_id, event.user_id, event.event_id, event.accepted_at.replace(tzinfo=None))
        cursor.execute("INSERT INTO issues (coupon_id, user_id, event_id, accepted_at) VALUES (%s, %s, %s, %s)", row)
        cursor.execute(now)
        ((begun,),) = cursor.fetchall()
        Applier(connection).apply([event])
        cursor.execute("SELECT confirmed_at, UTC_TIMESTAMP(6) FROM issues WHERE event_id = %s", (event.event_id,))
        ((confirmed, ended),) = cursor.fetchall()
    assert begun + timedelta(seconds=0.4) <= confirmed <= ended


def test_idle_connections_that_the_database_has_closed_cost_nobody_an_answer(where: Database) -> None:
    async def ask(pool: Pool, statement: str) -> None:
        async with pool.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(statement)
            await asyncio.sleep(0.05)  # until all have a connection

    async def scene() -> None:
        pool = Pool(where, 3)
        await asyncio.gather(*(ask(pool, "SET SESSION wait_timeout = 1") for _ in range(3)))
        assert len(pool._idle) == 3
        async with asyncio.timeout(5):
            while not all(connection._stream_broken for connection in pool._idle):
                await asyncio.sleep(0.05)
        assert all(connection.connected for connection in pool._idle)  # the driver does not say so
        await asyncio.gather(*(ask(pool, "SELECT 1") for _ in range(3)))
        await pool.close()

    asyncio.run(scene())


batches = st.lists(st.tuples(st.booleans(), st.lists(st.integers(1, 6), min_size=1, max_size=6)), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches)
def test_an_event_has_one_effect_however_often_and_to_whomever_it_comes(
    where: Database, batches: list[tuple[bool, list[int]]]
) -> None:
    """The inbox: two consumers, events repeated within and across batches."""
    with connect(where) as one, connect(where) as other, one.cursor() as cursor:
        cursor.execute("DELETE FROM inbox")
        cursor.execute("DELETE FROM issues")
        moment = datetime(2026, 1, 1)
        rows = [(number, number, moment) for number in range(1, 7)]
        cursor.executemany(
            "INSERT INTO issues (coupon_id, user_id, event_id, accepted_at) VALUES (1, %s, %s, %s)", rows
        )
        one.commit()
        seen: set[int] = set()
        for second, numbers in batches:
            wanted = [CouponIssued(number, 1, number, moment.replace(tzinfo=UTC)) for number in numbers]
            applied = Applier(other if second else one).apply(wanted)
            assert {event.event_id for event in applied} == set(numbers) - seen
            seen |= set(numbers)
        cursor.execute("SELECT event_id, confirmations FROM issues ORDER BY event_id")
        assert list(cursor.fetchall()) == [(number, int(number in seen)) for number in range(1, 7)]
        cursor.execute("SELECT event_id FROM inbox")
        assert {event_id for (event_id,) in cursor.fetchall()} == seen
