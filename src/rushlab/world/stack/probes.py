"""Wait strategies: what "ready" means for a server, and what is said when it does not come about.

A failure names what was awaited, for how long, the last state seen, the last log lines and a hint.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pymysql
import redis
import requests
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from msgspec import Struct
from redis.backoff import NoBackoff
from redis.retry import Retry

from rushlab.model.errors import RushlabError
from rushlab.world.stack.backend import Step
from rushlab.world.stack.endings import holds_port, how_it_ended, is_alive
from rushlab.world.stack.logs import failure
from rushlab.world.stack.ports import HOST

#: None when ready, else the state in a few words.
Probe = Callable[[], str | None]

_POLL_S = 0.05
_ANSWER_S = 2.0
_KAFKA_PATIENCE = {"bootstrap_timeout_ms": 2000, "request_timeout_ms": 5000}


class Awaited(Struct, frozen=True, kw_only=True):
    """A started process and the condition that makes it ready."""

    name: str
    what: str  # "an answer to SELECT 1 on 127.0.0.1:3306"
    probe: Probe
    pid: int
    port: int
    log: Path
    hint: str
    timeout_s: float


def wait_for(awaited: Sequence[Awaited], step: Step) -> None:
    """Wait until every condition holds, all at the same time; one line per process that is ready.

    Raises
    ------
    StackError
        A process ended or its time is over (StorageError when its log tells of a full disk).
    """
    begun = time.monotonic()
    left = list(awaited)
    while left:
        for one in tuple(left):
            waited = time.monotonic() - begun
            state = one.probe() or _answered_by_another(one)
            if state is None:
                left.remove(one)
                step(f"{one.name} ready in {waited:.1f} s")
            elif not is_alive(one.pid):
                raise _not_up(one, waited, how_it_ended(one.pid))
            elif waited > one.timeout_s:
                raise _not_up(one, waited, state)
        if left:
            time.sleep(_POLL_S)


def _answered_by_another(one: Awaited) -> str | None:
    """An answer counts only from the process that was started: another may have been quicker to take the port."""
    return None if holds_port(one.pid, one.port) else f"another process answers on port {one.port}"


def _not_up(one: Awaited, waited: float, state: str) -> RushlabError:
    why = f"awaited {one.what} for {waited:.1f} s, last state: {state}"
    return failure(f"{one.name} did not come up", why, one.log, one.hint)


def listens(port: int) -> str | None:
    """Ready when a TCP connection is accepted."""
    try:
        socket.create_connection((HOST, port), timeout=_ANSWER_S).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def answers_http(url: str, accept: Callable[[requests.Response], bool] = lambda response: response.ok) -> str | None:
    """Ready when a GET is answered as `accept` wants it (by default: any 2xx or 3xx)."""
    try:
        # Without a session, and without the proxies of the environment: the server is on this machine.
        with requests.Session() as session:
            session.trust_env = False
            response = session.get(url, timeout=_ANSWER_S)
            if accept(response):
                return None
            return f"HTTP {response.status_code}: {response.text[:200].strip()}"
    except requests.ConnectionError:
        return "no connection"
    except requests.RequestException as error:
        return str(error)


def answers_sql(port: int, user: str, password: str) -> str | None:
    """Ready when SELECT 1 is answered."""
    try:
        with connect_sql(port, user, password) as connection:
            connection.ping(reconnect=False)
    except pymysql.MySQLError as error:
        return str(error.args[-1])
    return None


def connect_sql(port: int, user: str, password: str) -> pymysql.Connection[pymysql.cursors.Cursor]:
    """A connection on which no wait is longer than a probe's, also with a database that accepts and says nothing."""
    return pymysql.connect(
        host=HOST,
        port=port,
        user=user,
        password=password,
        connect_timeout=_ANSWER_S,
        read_timeout=_ANSWER_S,
        write_timeout=_ANSWER_S,
    )


def answers_redis(port: int) -> str | None:
    """Ready when PING is answered (not while it still loads its data)."""
    try:
        with redis.Redis(host=HOST, port=port, socket_timeout=_ANSWER_S, retry=Retry(NoBackoff(), 0)) as client:
            client.ping()
    except redis.RedisError as error:
        return str(error)
    return None


def answers_kafka(port: int) -> str | None:
    """Ready when the broker lists itself in the cluster's metadata."""
    state = listens(port)
    if state is not None:
        return state
    try:
        client = KafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", **_KAFKA_PATIENCE)
    except KafkaError as error:
        return str(error)
    try:
        return None if client.describe_cluster().get("brokers") else "no broker has registered yet"
    except KafkaError as error:
        return str(error)
    finally:
        client.close()
