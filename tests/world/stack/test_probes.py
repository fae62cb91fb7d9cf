from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rushlab.world.stack import probes


class _Unready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/health/ready" else 200)
        self.end_headers()
        self.wfile.write(b"redis is empty")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[int]:
    """The port of an HTTP server that is not ready."""
    with HTTPServer(("127.0.0.1", 0), _Unready) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_where_nobody_listens_each_probe_says_so_in_words(free_port: int) -> None:
    states = [
        probes.listens(free_port),
        probes.answers_http(f"http://127.0.0.1:{free_port}/"),
        probes.answers_sql(free_port, "root", ""),
        probes.answers_redis(free_port),
        probes.answers_kafka(free_port),
    ]
    assert all(state and "\n" not in state for state in states), states


def test_an_http_answer_that_is_not_good_is_the_state(web: int) -> None:
    assert probes.answers_http(f"http://127.0.0.1:{web}/health/ready") == "HTTP 503: redis is empty"
    assert probes.answers_http(f"http://127.0.0.1:{web}/") is None


def test_the_proxies_of_the_environment_are_not_used(web: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert probes.answers_http(f"http://127.0.0.1:{web}/") is None


def test_something_that_listens_but_is_no_database_is_not_ready(web: int) -> None:
    assert probes.listens(web) is None
    assert probes.answers_redis(web) is not None


def test_a_database_that_accepts_and_stays_silent_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probes, "_ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert probes.answers_sql(silent.getsockname()[1], "root", "") is not None


def test_a_port_that_is_merely_bound_is_not_ready() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert probes.listens(bound.getsockname()[1]) is not None
