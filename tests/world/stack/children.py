"""Small real child processes for the tests of everything that starts, finds and stops some."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rushlab.world.stack.logs import since_start
from rushlab.world.stack.marks import Running
from rushlab.world.stack.processes import Launch, Processes

WAIT = "import signal, sys; print('started', flush=True); signal.pause()"
LISTEN = """
import signal, socket
with socket.create_server(("127.0.0.1", 0)) as listener:
    print("started", listener.getsockname()[1], flush=True)
    signal.pause()
"""
#: The first thread ends at once, as a killed server's does; another holds the port a second longer.
FIRST_THREAD_GONE = """
import ctypes, socket, threading, time
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=time.sleep, args=(1,)).start()
print("started", listener.getsockname()[1], flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def python(name: str, code: str, *, port: int | None = None) -> Launch:
    return Launch(name=name, command=(sys.executable, "-c", code), port=port)


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about"
        time.sleep(0.01)


def started(processes: Processes, launch: Launch) -> Running:
    """Start a process and wait until it has said so."""
    running = processes.start(launch)
    until(lambda: "started" in since_start(processes.log(launch.name)))
    return running
