"""`python -m coupons.service`: the HTTP service."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Final

import uvicorn
import uvloop
from prometheus_client import REGISTRY

from coupons import gc_pauses, settings
from coupons.app import Handlers, build
from coupons.assembly import Parts, assemble, watch_loop
from coupons.errors import BadSetting, CouponsError
from coupons.issue_endpoint import IssueEndpoint
from coupons.settings import Settings

#: A client may pause this long between two requests on one connection.
KEEP_ALIVE_S: Final = 75
#: How long accepted requests may take to finish after SIGTERM.
GRACE_S: Final = 25
BACKLOG: Final = 4096


class Server(uvicorn.Server):
    """Stops gracefully at SIGTERM and SIGINT and then ends as a success; uvicorn's own dies of the signal."""

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


async def serve(told: Settings, listener: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT, then finish what was accepted.

    Raises
    ------
    Occupied
        Another service process works with this database.
    """
    parts = assemble(told, REGISTRY)
    lease = parts.core.lease
    await lease.begin()  # before anything is rebuilt
    server = Server(_config(told, parts))
    keeping = asyncio.create_task(lease.keep())
    keeping.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve(sockets=[listener])
    finally:
        keeping.cancel()
        (ended,) = await asyncio.gather(keeping, return_exceptions=True)
        await lease.close()
    if isinstance(ended, Exception):
        raise ended


def _config(told: Settings, parts: Parts) -> uvicorn.Config:
    app = build(
        IssueEndpoint(parts.reservation, parts.core.metrics),
        Handlers(parts.core.tables, parts.reservation, REGISTRY),
        lambda _app: _lifespan(parts),
    )
    return uvicorn.Config(
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


def main() -> int:
    """Run the service; 1 with one sentence when the settings cannot be or another one is at work."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        told = settings.load(os.environ)
        with closing(listen(told.host, told.port)) as listener:
            uvloop.run(serve(told, listener))
    except CouponsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the sentence for the one who started it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
