"""Collecting evidence: what is written, what is left out, and that every failure becomes a reason."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from kafka.errors import KafkaError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.compiler import compiles

from rushlab.model.errors import ResultError, StorageError
from rushlab.world import evidence
from rushlab.world.evidence_database import EpochMicroseconds, collect_database
from rushlab.world.evidence_files import SCHEMAS, write_frame
from rushlab.world.evidence_redis import collect_redis
from rushlab.world.evidence_topic import Message, collect_dead_letters, collect_topic
from rushlab.world.stack.backend import Endpoints, Target

MOMENT = 1_795_528_800.0  # 2026-11-24 14:00:00 UTC


@compiles(EpochMicroseconds, "sqlite")
def _sqlite_microseconds(element: EpochMicroseconds, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"(CAST(strftime('%s', {column}) AS INTEGER) * 1000000 + CAST(substr({column}, 21, 6) AS INTEGER))"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    """The service's tables in SQLite: coupon 1 with two rows, coupon 2 (the warm-up's) with one."""
    engine = create_engine(f"sqlite:///{tmp_path / 'coupons.db'}")
    statements = """
        CREATE TABLE coupons (id INTEGER, stock INTEGER, remaining INTEGER);
        CREATE TABLE issues (id INTEGER, coupon_id INTEGER, user_id INTEGER, event_id INTEGER,
                             accepted_at TEXT, confirmed_at TEXT, confirmations INTEGER);
        CREATE TABLE outbox (id INTEGER, event_id INTEGER, coupon_id INTEGER, user_id INTEGER, status INTEGER,
                             sent_at TEXT);
        CREATE TABLE inbox (event_id INTEGER);
        INSERT INTO coupons VALUES (1, 10, 8), (2, 99, 98);
        INSERT INTO issues VALUES
            (1, 1, 7, 101, '2026-11-24 14:00:00.250000', '2026-11-24 14:00:01.000001', 1),
            (2, 1, 8, 102, '2026-11-24 14:00:02.000000', NULL, 0),
            (3, 2, 9, 103, '2026-11-24 14:00:00.000000', NULL, 0);
        INSERT INTO outbox VALUES
            (1, 101, 1, 7, 1, '2026-11-24 14:00:00.500000'), (2, 102, 1, 8, 0, NULL),
            (3, 103, 2, 9, 1, '2026-11-24 14:00:00.500000');
        INSERT INTO inbox VALUES (101), (103), (555)
    """
    with engine.begin() as connection:
        for statement in statements.split(";"):
            connection.execute(text(statement))
    yield engine
    engine.dispose()


def execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def rows(path: Path) -> list[tuple[Any, ...]]:
    return list(pd.read_parquet(path).itertuples(index=False, name=None))


def test_database_rows_of_one_coupon(database: Engine, tmp_path: Path) -> None:
    facts, reasons = collect_database(database, 1, tmp_path)
    assert (facts, reasons) == ({"stock": 10, "database_remaining": 8}, {})
    issues = pd.read_parquet(tmp_path / "issues.parquet")
    assert issues["user_id"].tolist() == [7, 8]
    assert issues["event_id"].tolist() == [101, 102]
    assert issues["accepted_at"].tolist() == pytest.approx([MOMENT + 0.25, MOMENT + 2])
    assert issues["confirmed_at"].iloc[0] == pytest.approx(MOMENT + 1.000001, abs=1e-6)
    assert issues["confirmed_at"].isna().tolist() == [False, True]
    assert issues["confirmations"].tolist() == [1, 0]
    outbox = pd.read_parquet(tmp_path / "outbox.parquet")
    assert outbox[["event_id", "user_id", "status", "position"]].to_numpy().tolist() == [[101, 7, 1, 1], [102, 8, 0, 2]]
    assert outbox["sent_at"].iloc[0] == pytest.approx(MOMENT + 0.5)
    assert outbox["sent_at"].isna().tolist() == [False, True]


def test_an_effect_without_any_event_is_seen_and_another_coupons_is_not(database: Engine, tmp_path: Path) -> None:
    collect_database(database, 1, tmp_path)
    assert sorted(rows(tmp_path / "effects.parquet")) == [(101,), (555,)]


def test_more_rows_than_a_chunk(database: Engine, tmp_path: Path) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000) "
    execute(database, f"INSERT INTO outbox {many} SELECT 1000 + i, 1000 + i, 3, i, 1, NULL FROM n")
    collect_database(database, 3, tmp_path)
    outbox = pd.read_parquet(tmp_path / "outbox.parquet")
    assert len(outbox) == 45_000
    assert outbox["event_id"].is_unique
    assert (outbox["event_id"] - outbox["user_id"]).eq(1000).all()


def test_an_empty_table_is_an_empty_frame_not_a_missing_one(database: Engine, tmp_path: Path) -> None:
    execute(database, "DELETE FROM issues")
    _, reasons = collect_database(database, 1, tmp_path)
    assert reasons == {}
    assert pd.read_parquet(tmp_path / "issues.parquet").dtypes.astype(str).to_dict() == {
        "user_id": "int64",
        "event_id": "int64",
        "accepted_at": "float64",
        "confirmed_at": "float64",
        "confirmations": "int64",
    }


def test_a_table_that_cannot_be_read_leaves_the_others(database: Engine, tmp_path: Path) -> None:
    execute(database, "DROP TABLE inbox")
    _, reasons = collect_database(database, 1, tmp_path)
    assert list(reasons) == ["effects"]
    assert "no such table" in reasons["effects"]
    assert not (tmp_path / "effects.parquet").exists()
    assert (tmp_path / "issues.parquet").exists()


def test_an_id_that_is_no_number_is_a_reason(database: Engine, tmp_path: Path) -> None:
    execute(database, "INSERT INTO outbox VALUES (4, 'not a number', 1, 7, 1, NULL)")
    _, reasons = collect_database(database, 1, tmp_path)
    assert list(reasons) == ["outbox"]


def test_a_pack_that_is_cut_short_is_no_frame(database: Engine, tmp_path: Path) -> None:
    execute(database, "INSERT INTO outbox VALUES (4, 104, 1, NULL, 1, NULL)")
    _, reasons = collect_database(database, 1, tmp_path)
    assert reasons == {"outbox": "the table could not be read (2 of 3 rows came over)"}
    assert not (tmp_path / "outbox.parquet").exists()


def test_a_coupon_that_is_not_there(database: Engine, tmp_path: Path) -> None:
    facts, reasons = collect_database(database, 77, tmp_path)
    assert facts == {"stock": None, "database_remaining": None}
    assert reasons["stock"] == "there is no coupon 77 in the database"


def test_a_database_that_is_away(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'no folder' / 'coupons.db'}")
    facts, reasons = collect_database(engine, 1, tmp_path)
    engine.dispose()
    assert facts == {"stock": None, "database_remaining": None}
    assert set(reasons) == {"issues", "outbox", "effects", "stock", "database_remaining"}
    assert all(reason.startswith("the database did not answer (") for reason in reasons.values())


class Topic:
    """A topic in memory; `fails_after` batches the broker goes away."""

    def __init__(self, *batches: list[Message], fails_after: int | None = None) -> None:
        self.batches = batches
        self.fails_after = fails_after
        self.partitions: int | None = None

    def read(self, topic: str) -> Iterator[list[Message]]:
        if self.fails_after == 0:
            raise KafkaError("no brokers")
        self.partitions = 4
        for number, batch in enumerate(self.batches, start=1):
            yield batch
            if number == self.fails_after:
                raise KafkaError("the broker went away")


def message(event: int, user: int, offset: int, coupon: int = 1, partition: int = 0) -> Message:
    value = {"event_id": event, "coupon_id": coupon, "user_id": user, "accepted_at": "2026-11-24T14:00:00Z"}
    return Message(partition, offset, msgspec.json.encode(value), b"%d" % user)


def test_topic_keeps_duplicates_and_leaves_other_coupons_out(tmp_path: Path) -> None:
    topic = Topic(
        [message(101, 7, 0), message(103, 9, 1, coupon=2)], [message(101, 7, 2), message(102, 8, 0, partition=3)]
    )
    facts, reasons = collect_topic(topic, "coupon-issued", 1, tmp_path)
    assert (facts, reasons) == ({"topic": "coupon-issued", "partitions": 4}, {})
    assert rows(tmp_path / "topic.parquet") == [(101, 7, 0, 0, 7), (101, 7, 0, 2, 7), (102, 8, 3, 0, 8)]


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"not json",
        b"\xff\xfe",
        b"[1, 2]",
        b'{"event_id": 1}',
        b'{"event_id": "1", "coupon_id": 1, "user_id": 1}',
        b'{"event_id": 1, "coupon_id": 1, "user_id": 1}',
        b'{"event_id": 0, "coupon_id": 1, "user_id": 1, "accepted_at": "2026-11-24T14:00:00Z"}',
        b"[" * 100_000,
    ],
)
def test_a_message_that_cannot_be_read_is_kept_as_such(value: bytes | None, tmp_path: Path) -> None:
    _, reasons = collect_topic(Topic([Message(2, 5, value)]), "coupon-issued", 1, tmp_path)
    assert reasons == {}
    assert rows(tmp_path / "topic.parquet") == [(-1, -1, 2, 5, -1)]


@pytest.mark.parametrize("key", [None, b"", b"seven", b"-7", b"9" * 19, b"9" * 400])
def test_a_key_that_is_no_id(key: bytes | None, tmp_path: Path) -> None:
    collect_topic(Topic([Message(2, 5, b"x", key)]), "coupon-issued", 1, tmp_path)
    assert rows(tmp_path / "topic.parquet") == [(-1, -1, 2, 5, -1)]


def test_dead_letters_say_where_they_had_been(tmp_path: Path) -> None:
    told = [("why", b"not an event"), ("tries", b"1"), ("partition", b"3"), ("offset", b"17")]
    topic = Topic([Message(0, 0, b"x", headers=told), Message(0, 1, b"y")])
    assert collect_dead_letters(topic, "coupon-issued", tmp_path) == ({}, {})
    assert rows(tmp_path / "dead.parquet") == [(3, 17, 1), (-1, -1, -1)]


def test_dead_letters_that_cannot_be_read_are_a_reason(tmp_path: Path) -> None:
    _, reasons = collect_dead_letters(Topic(fails_after=0), "coupon-issued", tmp_path)
    assert "the dead-letter topic could not be read" in reasons["dead"]
    assert not (tmp_path / "dead.parquet").exists()


def test_an_empty_topic_is_an_empty_frame(tmp_path: Path) -> None:
    collect_topic(Topic(), "coupon-issued", 1, tmp_path)
    assert rows(tmp_path / "topic.parquet") == []


def test_half_a_topic_is_none(tmp_path: Path) -> None:
    topic = Topic([message(101, 7, 0)], [message(102, 8, 1)], fails_after=1)
    facts, reasons = collect_topic(topic, "coupon-issued", 1, tmp_path)
    assert facts["partitions"] == 4
    assert "the broker went away" in reasons["topic"]
    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_is_away(tmp_path: Path) -> None:
    facts, reasons = collect_topic(Topic(fails_after=0), "coupon-issued", 1, tmp_path)
    assert facts == {"topic": "coupon-issued", "partitions": None}
    assert set(reasons) == {"topic", "partitions"}


class Redis:
    """The three commands the collection uses, over a dict; an exception as a value is raised."""

    def __init__(self, **keys: Any) -> None:
        self.keys = {name.replace("_", ":"): value for name, value in keys.items()}

    def get(self, key: str) -> Any:
        return self._value(key)

    def scard(self, key: str) -> int:
        value = self._value(key)
        if isinstance(value, dict):
            raise ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")
        return len(value or ())

    def zcard(self, key: str) -> int:
        return len(self._value(key))

    def _value(self, key: str) -> Any:
        value = self.keys.get(key)
        if isinstance(value, Exception):
            raise value
        return value


@pytest.mark.parametrize(
    ("server", "facts", "reasons"),
    [
        (Redis(coupon_1_stock=b"8", coupon_1_users={7, 8}), (8, 2), {}),
        (Redis(coupon_1_stock=b"0", coupon_1_users={7: 1.0, 8: 2.0}), (0, 2), {}),
        (Redis(coupon_1_stock=b"-3"), (-3, 0), {}),
        (Redis(), (None, 0), {"redis_remaining": "Redis has no key coupon:1:stock"}),
        (
            Redis(coupon_1_stock=b"many", coupon_1_users={7}),
            (None, None),
            {
                "redis_remaining": "coupon:1:stock is not a number",
                "redis_users": "coupon:1:users was not counted",
            },
        ),
        (
            Redis(coupon_1_stock=RedisConnectionError("refused")),
            (None, None),
            {
                "redis_remaining": "Redis did not answer (refused)",
                "redis_users": "Redis did not answer (refused)",
            },
        ),
        (
            Redis(coupon_1_stock=b"8", coupon_1_users=RedisConnectionError("gone")),
            (8, None),
            {"redis_users": "Redis did not answer (gone)"},
        ),
    ],
)
def test_redis(server: Redis, facts: tuple[int | None, int | None], reasons: dict[str, str]) -> None:
    found, missing = collect_redis(server, 1)  # type: ignore[arg-type]
    assert (found["redis_remaining"], found["redis_users"]) == facts
    assert missing == reasons


def test_a_frame_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def breaks() -> Iterator[pa.Table]:
        yield pa.table({"event_id": [1, 2]})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_frame(tmp_path / "effects.parquet", SCHEMAS["effects"], breaks())
    assert list(tmp_path.iterdir()) == []
    assert (
        write_frame(
            tmp_path / "effects.parquet",
            SCHEMAS["effects"],
            [pa.table({"event_id": [1, 2]}), pa.table({"event_id": [3]})],
        )
        == 3
    )
    assert [path.name for path in tmp_path.iterdir()] == ["effects.parquet"]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def metrics_url() -> Iterator[str]:
    """A process whose /metrics counts 12 issued and 3 failed requests, and 2 reservations given back."""

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (
                b"# TYPE coupons_requests_total counter\n"
                b'coupons_requests_total{outcome="issued"} 12\ncoupons_requests_total{outcome="failed"} 3\n'
                b"# TYPE coupons_reservations_given_back_total counter\ncoupons_reservations_given_back_total 2\n"
                b"# TYPE coupons_redis_rebuilds_total counter\ncoupons_redis_rebuilds_total 4\n"
                b"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1.7955288e+09\n"
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Metrics) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
        server.shutdown()
        thread.join()


def target_at(*metrics: str) -> Target:
    return Target(
        service="http://127.0.0.1:8080",
        coupon_id=1,
        stock=10,
        topic="coupon-issued",
        group="coupon-confirm",
        metrics={"service": metrics},
        knobs={"reservation": "redis-lua", "workers": 2},
    )


@pytest.fixture
def dead_stack() -> Endpoints:
    """Endpoints that nobody listens at."""
    port = closed_port()
    return Endpoints(
        database=f"mysql+pymysql://root@127.0.0.1:{port}/coupons",
        redis=f"redis://127.0.0.1:{port}",
        kafka=f"127.0.0.1:{port}",
        prometheus=f"http://127.0.0.1:{port}",
    )


def test_servers_that_are_all_away_leave_reasons_and_a_folder_that_loads(
    dead_stack: Endpoints, metrics_url: str, tmp_path: Path
) -> None:
    evidence.collect(dead_stack, target_at(metrics_url), tmp_path / "evidence", baseline={"issued": 2})
    found = evidence.load(tmp_path / "evidence")
    assert found.frames == {
        "issues": None,
        "outbox": None,
        "topic": None,
        "effects": None,
        "dead": None,
        "samples": None,
    }
    assert found.issues is None
    assert found.facts["service_requests"] == {"issued": 10, "failed": 3}
    assert (found.facts["given_back"], found.facts["redis_rebuilds"]) == (2, 3)  # one rebuild begins every process
    assert found.facts["service_started"] == MOMENT
    assert found.facts["reservation"] == "redis-lua"
    assert (found.facts["coupon_id"], found.facts["stock_ordered"], found.facts["workers"]) == (1, 10, 2)
    nothing = {key for key, value in found.facts.items() if value is None}
    assert nothing | set(found.frames) == set(found.facts["reasons"])


def test_a_drain_that_timed_out_is_said_and_the_offsets_are_asked_for(dead_stack: Endpoints, tmp_path: Path) -> None:
    evidence.collect(dead_stack, target_at(), tmp_path, drained=None)
    facts = evidence.load(tmp_path).facts
    assert facts["drained"] is facts["group_offsets"] is None
    assert facts["reasons"]["drained"] == "the drain timed out"
    assert "could not be read" in facts["reasons"]["group_offsets"]


def test_the_moment_of_the_drain_is_kept(dead_stack: Endpoints, tmp_path: Path) -> None:
    evidence.collect(dead_stack, target_at(), tmp_path, drained=MOMENT)
    facts = evidence.load(tmp_path).facts
    assert facts["drained"] == MOMENT
    assert facts["reasons"]["group_offsets"] == "everything had drained"


def test_counters_that_went_back_are_no_counters(dead_stack: Endpoints, metrics_url: str, tmp_path: Path) -> None:
    evidence.collect(dead_stack, target_at(metrics_url), tmp_path, baseline={"issued": 13})
    facts = evidence.load(tmp_path).facts
    assert facts["service_requests"] is None
    assert "restarted" in facts["reasons"]["service_requests"]


def test_one_silent_service_process_makes_the_count_unknown(
    dead_stack: Endpoints, metrics_url: str, tmp_path: Path
) -> None:
    silent = f"http://127.0.0.1:{closed_port()}/metrics"
    evidence.collect(dead_stack, target_at(metrics_url, silent), tmp_path, baseline={})
    facts = evidence.load(tmp_path).facts
    assert facts["service_requests"] is None
    for name in ("service_requests", "given_back", "redis_rebuilds", "service_started"):
        assert facts[name] is None
        assert facts["reasons"][name] == "a service process did not give its counters"


def test_what_an_earlier_collection_left_is_not_mixed_in(dead_stack: Endpoints, tmp_path: Path) -> None:
    write_frame(tmp_path / "issues.parquet", SCHEMAS["issues"], [])
    evidence.collect(dead_stack, target_at(), tmp_path)
    assert evidence.load(tmp_path).issues is None


def test_a_folder_that_cannot_be_made(dead_stack: Endpoints, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        evidence.collect(dead_stack, target_at(), tmp_path / "file" / "evidence")


def test_loading_where_nothing_was_collected(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="There is no evidence"):
        evidence.load(tmp_path)


def test_a_damaged_frame_is_missing_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "evidence.json").write_text('{"schema": 1, "reasons": {}}')
    (tmp_path / "issues.parquet").write_bytes(b"PAR1 this is no Parquet")
    found = evidence.load(tmp_path)
    assert found.issues is None
    assert "issues.parquet is damaged" in found.facts["reasons"]["issues"]


def test_a_database_that_died_has_one_reason_for_all_that_only_it_knows(dead_stack: Endpoints, tmp_path: Path) -> None:
    evidence.collect(dead_stack, target_at(), tmp_path, undrained="it is gone; its log ends: disk full")
    reasons = evidence.load(tmp_path).facts["reasons"]
    told = {name for name, text in reasons.items() if text == "it is gone; its log ends: disk full"}
    assert told == {"drained", "issues", "outbox", "effects", "stock", "database_remaining"}
