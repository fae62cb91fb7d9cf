"""Several service processes behind one port: one deployment owns the database, its workers share the socket.

The process that was started holds the listening socket and the lease, starts the workers, replaces one that was killed
and lets one of them rebuild Redis while all rest. Each worker has a link to it; without it a worker ends at once, so
that none can serve while nobody holds the lease.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Final

from coupons.barrier import Barrier
from coupons.errors import BadSetting, CouponsError, KeepsEnding
from coupons.lease import Lease
from coupons.settings import Settings

#: How a worker says that it cannot be (and has said why in one sentence).
REFUSED: Final = 78
REPLACE_PAUSE_S: Final = 0.5
#: A worker that ends so often in a row before it was ready will never be.
VAIN_LIVES: Final = 5
#: How often the workers are told that the deployment is there.
BEAT_S: Final = 1.0
#: Why nothing is rebuilt without the lease.
MAYBE_OTHERS: Final = "another service process may be at work"

log = logging.getLogger(__name__)


async def run(told: Settings, listener: socket.socket) -> None:
    """Serve with `workers` processes until SIGTERM or SIGINT, then let them finish what they accepted.

    Raises
    ------
    CouponsError
        Another deployment works with this database, or a worker cannot be or never gets ready.
    """
    deployment = Deployment(told, listener)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, deployment.stop)
    await deployment.serve()


class Deployment:
    """The workers, the lease and the barrier."""

    def __init__(self, told: Settings, listener: socket.socket) -> None:
        self._count = told.knobs.workers
        self._listener = listener
        self._lease = Lease(told.database)
        self._barrier = Barrier(self._order)
        self._lease.lost = self._lease_lost
        self._workers: dict[int, asyncio.subprocess.Process] = {}
        self._links: dict[int, asyncio.StreamWriter] = {}
        self._ready: set[int] = set()
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Everything, from the lease to the last worker's end."""
        await self._lease.begin()
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = [
            asyncio.create_task(self._lease.keep()),
            asyncio.create_task(self._beat()),
            *(asyncio.create_task(self._keep_worker(index)) for index in range(self._count)),
        ]
        await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        self.stop()
        await asyncio.gather(*tasks[2:], return_exceptions=True)
        for task in (stopping, *tasks):
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await self._lease.close()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def stop(self) -> None:
        """Let the workers finish and end."""
        self._stopping.set()
        for worker in self._workers.values():
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGTERM)

    async def _keep_worker(self, index: int) -> None:
        """Start it, and start it again when it was killed; not for ever when it never gets ready."""
        vain = 0
        while not self._stopping.is_set():
            self._ready.discard(index)
            code = await self._live(index)
            vain = 0 if index in self._ready else vain + 1
            if code == REFUSED:
                raise BadSetting(f"Worker {index} of the service cannot start.")
            if not self._stopping.is_set():
                _give_up_after(vain, index, code)
                log.warning("worker %d ended with %d and is replaced", index, code)
                await asyncio.sleep(REPLACE_PAUSE_S)

    async def _live(self, index: int) -> int:
        """One life of a worker: its exit code."""
        ours, theirs = socket.socketpair()
        with theirs:
            worker = await self._spawn(index, theirs.fileno())
        reader, self._links[index] = await asyncio.open_connection(sock=ours)
        self._workers[index] = worker
        self._barrier.join(index)
        if self._stopping.is_set():
            worker.send_signal(signal.SIGTERM)
        listening = asyncio.create_task(self._listen(index, reader))
        try:
            return await worker.wait()
        finally:
            listening.cancel()
            del self._workers[index]
            self._links.pop(index).close()
            self._barrier.leave(index)

    async def _spawn(self, index: int, link: int) -> asyncio.subprocess.Process:
        # Linked, sharing the socket, and in the environment of this process, by which its starter knows it.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *(("-P",) if sys.flags.safe_path else ()),
            *("-m", "coupons.service_worker", str(index), str(self._listener.fileno()), str(link), str(os.getpid())),
            pass_fds=(self._listener.fileno(), link),
        )

    async def _listen(self, index: int, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                word, _, rest = line.decode().rstrip("\n").partition(" ")
                if word == "ready":
                    self._ready.add(index)
                elif word == "want":
                    self._barrier.want(index)
                elif word == "failed":
                    self._barrier.failed(index, rest)
                elif word == "rebuilt":
                    self._rebuilt(index, rest)

    def _rebuilt(self, index: int, run_id: str) -> None:
        if self._lease.held:
            self._barrier.rebuilt(index, run_id)
        else:
            self._barrier.failed(index, MAYBE_OTHERS)

    def _lease_lost(self, _why: str) -> None:
        self._barrier.distrust()
        for index in self._links:
            self._order(index, "lost")

    def _order(self, index: int, order: str) -> None:
        if order == "rebuild" and not self._lease.held:  # looked at again when it is rebuilt: it may be lost meanwhile
            self._barrier.failed(index, MAYBE_OTHERS)
            return
        link = self._links.get(index)
        if link is not None and not link.is_closing():
            link.write(f"{order}\n".encode())

    async def _beat(self) -> None:
        while True:
            for index in self._links:
                self._order(index, "beat")
            await asyncio.sleep(BEAT_S)


def _give_up_after(vain: int, index: int, code: int) -> None:
    if vain >= VAIN_LIVES:
        raise KeepsEnding(
            f"Worker {index} of the service ended {vain} times before it was ready, at last with {code}; "
            "what it said itself stands above."
        )


def sentence(error: CouponsError) -> None:
    """Tell the one who started the process why it cannot be."""
    print(error, file=sys.stderr)  # noqa: T201 - the sentence for the one who started it
