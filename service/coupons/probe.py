"""/metrics and /health of the processes that serve nothing else."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry

from coupons.errors import BadSetting
from coupons.problems import MEDIA_TYPE, problem


class Probe:
    """A small HTTP server in a thread of its own; BadSetting when it cannot listen there."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, ready: Callable[[], bool]) -> None:
        self._server = _listen(host, port, _handler(registry, ready))
        self._thread = Thread(target=self._server.serve_forever, name="probe", daemon=True)

    def __enter__(self) -> Probe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])


def _listen(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    try:
        return Server((host, port), handler)
    except OSError as error:
        raise BadSetting(f"Metrics cannot be served on {host}, port {port}: {error.strerror or error}.") from None


def _handler(registry: CollectorRegistry, ready: Callable[[], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/health/live":
                self._answer(HTTPStatus.OK, "application/json", b'{"status":"live"}')
            elif self.path == "/health/ready" and ready():
                self._answer(HTTPStatus.OK, "application/json", b'{"status":"ready"}')
            elif self.path == "/health/ready":
                body = problem(503, "Not ready", "The database or Kafka does not answer.")
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, MEDIA_TYPE, body)
            else:
                self._answer(HTTPStatus.NOT_FOUND, MEDIA_TYPE, problem(404, "Not Found", "There is no such page."))

        def _answer(self, status: HTTPStatus, media_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing for each scrape."""

    return Handler
