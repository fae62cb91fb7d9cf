"""Waiting for Prometheus: for new processes, for the end of old ones, and not at all when it is away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from rushlab.world.scraping import await_watched

A, B = "http://127.0.0.1:8081/metrics", "http://127.0.0.1:8082/metrics"


@contextmanager
def saying(*answers: dict[str, str]) -> Iterator[str]:
    """A Prometheus that says one after the other which URLs it scrapes with which health; the last one stays."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path.startswith("/api/v1/targets?")
            said = left.pop(0) if len(left) > 1 else left[0]
            active = [{"scrapeUrl": url, "health": health, "labels": {}} for url, health in said.items()]
            body = json.dumps({"status": "success", "data": {"activeTargets": active, "droppedTargets": []}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_new_processes_are_waited_for_and_those_of_an_earlier_run_too() -> None:
    with saying({}, {A: "unknown", B: "up"}, {A: "up"}, {A: "up", B: "down"}, {A: "up"}, {}) as url:
        assert await_watched(url, [A]) is None


@pytest.mark.parametrize(
    ("scraped", "said"),
    [
        ({A: "up"}, f"has not reached {B} yet, and 0 more"),
        ({A: "down", B: "unknown"}, f"has not reached {A} yet, and 1 more"),
        ({A: "up", B: "up", "http://old/": "down"}, "still looks for http://old/ of an earlier run"),
    ],
)
def test_what_is_amiss_after_the_time_is_said(scraped: dict[str, str], said: str) -> None:
    with saying(scraped) as url:
        assert said in (await_watched(url, [A, B], timeout_s=0.3) or "")


def test_one_that_is_away_is_not_waited_for() -> None:
    begun = time.monotonic()
    assert "does not say what it scrapes" in (await_watched("http://127.0.0.1:9/", [A]) or "")
    assert time.monotonic() - begun < 5
