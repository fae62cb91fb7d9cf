"""The HTTP server of a service process: how it listens, serves, and stops."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from prometheus_client import REGISTRY

from coupons import gc_pauses
from coupons.app import Handlers, build
from coupons.assembly import Parts, watch_loop
from coupons.errors import BadSetting
from coupons.idempotency import Keys, Once
from coupons.issue_endpoint import IssueEndpoint

#: A client may pause this long between two requests on one connection.
KEEP_ALIVE_S: Final = 75
#: How long accepted requests may take to finish after SIGTERM.
GRACE_S: Final = 25
BACKLOG: Final = 4096


class Server(uvicorn.Server):
    """Stops gracefully at SIGTERM and SIGINT and then ends as a success; uvicorn's own dies of the signal."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and tell it."""
        await super().startup(sockets)
        self.begun()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Let a signal end the serving, whatever else it would do."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def listen(host: str, port: int) -> socket.socket:
    """The listening socket; BadSetting when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise BadSetting(f"The service cannot listen on {host}, port {port}: {error.strerror or error}.") from None


def server(parts: Parts) -> Server:
    """The server of these parts; it starts and closes them."""
    app = build(
        IssueEndpoint(parts.reservation, parts.core.metrics, Once(parts.reservation, Keys(parts.core.pool))),
        Handlers(parts.core.tables, parts.reservation, REGISTRY),
        lambda _app: _lifespan(parts),
    )
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config)


@asynccontextmanager
async def _lifespan(parts: Parts) -> AsyncIterator[None]:
    await parts.start()
    watch = asyncio.create_task(watch_loop(parts.core.metrics))
    _calm_garbage_collector()
    with gc_pauses.watched(parts.core.metrics.table):
        yield
    watch.cancel()
    await parts.close()


def _calm_garbage_collector() -> None:
    """What is there now stays; the young generation is collected less often (each pass stops every request)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
