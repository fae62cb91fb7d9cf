"""`python -m coupons.service_worker`: one of several service processes; started by `deployment` and by nobody else."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import Final

import uvloop
from prometheus_client import REGISTRY

from coupons import serving, settings
from coupons.assembly import assemble
from coupons.deployment import REFUSED, sentence
from coupons.errors import CouponsError
from coupons.settings import Settings

#: Without a word of the deployment for so long, it may have lost the lease without being able to say so.
SILENCE_S: Final = 5.0
PR_SET_PDEATHSIG: Final = 1

log = logging.getLogger(__name__)


class Link:
    """The way to the deployment and back."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.order: Callable[[str], None] = lambda order: None
        self.silent: Callable[[str], None] = lambda why: None

    def tell(self, words: str) -> None:
        """Say something to the deployment."""
        self._writer.write(f"{words}\n".encode())

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Hear orders; end the process at once when the deployment is gone: nobody holds the lease then."""
        while True:
            try:
                line = await asyncio.wait_for(reader.readline(), SILENCE_S)
            except TimeoutError:
                self.silent("the deployment does not answer")
                continue
            except ConnectionError:
                line = b""
            if not line:
                log.error("the deployment is gone")
                os._exit(1)
            self.order(line.decode().rstrip("\n"))


async def serve(told: Settings, listener: socket.socket, own: socket.socket, link_socket: socket.socket) -> None:
    """Answer on the shared socket and on this worker's own until SIGTERM or SIGINT, then finish what was accepted."""
    reader, writer = await asyncio.open_connection(sock=link_socket)
    link = Link(writer)
    parts = assemble(told, REGISTRY, link)
    listening = asyncio.create_task(link.listen(reader))
    server = serving.server(parts)
    server.begun = partial(link.tell, "ready")
    try:
        await server.serve(sockets=[listener, own])
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        writer.close()


def die_with(parent: int) -> None:
    """Be killed when the deployment is, even while this process is stopped (Linux; elsewhere the link's end tells)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def main(index: str, listener: str, link: str, parent: str) -> int:
    """Serve as worker `index`; the numbers of the inherited sockets and of the parent are given."""
    die_with(int(parent))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        told = settings.load(os.environ)
        own = serving.listen(told.host, told.metrics_port + int(index))
        with closing(socket.socket(fileno=int(listener))) as shared, closing(own):
            uvloop.run(serve(told, shared, own, socket.socket(fileno=int(link))))
    except CouponsError as error:
        sentence(error)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
