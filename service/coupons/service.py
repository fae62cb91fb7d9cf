"""`python -m coupons.service`: the HTTP service, in this process or in several (`workers`)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from contextlib import closing

import uvloop
from prometheus_client import REGISTRY

from coupons import deployment, serving, settings
from coupons.assembly import assemble
from coupons.errors import CouponsError
from coupons.settings import Settings


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
    server = serving.server(parts)
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


def main() -> int:
    """Run the service; 1 with one sentence when the settings cannot be or another one is at work."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        told = settings.load(os.environ)
        run = serve if told.knobs.workers == 1 else deployment.run
        with closing(serving.listen(told.host, told.port)) as listener:
            uvloop.run(run(told, listener))
    except CouponsError as error:
        deployment.sentence(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
