"""Servers brought up together: data folders made, processes started, each awaited, healthy ones kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from rushlab.model.errors import PortTaken
from rushlab.world.files import storage
from rushlab.world.stack.backend import Step
from rushlab.world.stack.endings import holds_port, is_alive
from rushlab.world.stack.files import write_private
from rushlab.world.stack.marks import Running
from rushlab.world.stack.probes import Awaited, wait_for
from rushlab.world.stack.processes import Launch, Processes
from rushlab.world.stack.servers.base import Server, fingerprint

T = TypeVar("T")
_POLL_S = 0.05


def bring_up(servers: Sequence[Server], processes: Processes, step: Step) -> None:
    """Start those servers that do not run as they should, all at the same time, and wait until each answers.

    What runs with the same configuration and answers within its own time is kept: a server that is replaced may lose
    its data. When one fails, those started here are stopped again.

    Raises
    ------
    StackError
        A server did not come up.
    """
    missing = [server for server in servers if not _keep(server, processes, step)]
    if not missing:
        return
    started: list[Running] = []
    try:
        _make_data(missing, processes, started, step)
        step(f"starting {', '.join(server.name for server in missing)}")
        awaited = []
        for server in missing:
            running = processes.start(launch(server))
            started.append(running)
            awaited.append(_awaited(server, running, processes))
        wait_for(awaited, step)
    except BaseException:
        processes.stop(started)
        raise


def with_free_ports(start: Callable[[], T]) -> T:
    """Start again, with ports chosen anew, when someone else was quicker to take one.

    Raises
    ------
    PortTaken
        It happened five times (several stacks that start at the same moment), or the port was asked for.
    """
    for _ in range(4):
        try:
            return start()
        except PortTaken:
            continue
    return start()


def launch(server: Server) -> Launch:
    """How the processes module starts this server."""
    return Launch(
        name=server.name,
        command=server.command(),
        environment=server.environment(),
        port=server.port,
        config=fingerprint(server),
    )


def _keep(server: Server, processes: Processes, step: Step) -> bool:
    """Whether it runs as it should; what runs otherwise under its name is stopped."""
    for path, text in server.files().items():
        write_private(path, text)
    own = [running for running in processes.found() if running.name == server.name]
    if len(own) == 1 and _is_right(own[0], server, step):
        return True
    processes.stop(own)
    return False


def _is_right(running: Running, server: Server, step: Step) -> bool:
    same = running.config == fingerprint(server) and holds_port(running.pid, server.port)
    return same and _answers(running, server, step)


def _answers(running: Running, server: Server, step: Step) -> bool:
    """Whether it answers within the time it may take to start; one that is merely busy needs more than one probe."""
    state, deadline = server.probe(), time.monotonic() + server.timeout_s
    if state is not None:
        step(f"waiting for {server.name}, which runs but does not answer yet ({state})")
    while state is not None and is_alive(running.pid) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        state = server.probe()
    return state is None


def _make_data(servers: Sequence[Server], processes: Processes, started: list[Running], step: Step) -> None:
    """Fill the data folders that are not there yet; a folder is in its place only when it is whole."""
    setups = [(server, setup) for server in servers if (setup := server.setup()) is not None]
    if not setups:
        return
    step(f"making the data folders of {', '.join(server.name for server, _ in setups)}")
    awaited = []
    for server, setup in setups:
        with storage(setup.data):
            shutil.rmtree(setup.fresh, ignore_errors=True)
            setup.fresh.mkdir(mode=0o700, parents=True)
        name = f"{server.name}-setup"
        running = processes.start(Launch(name=name, command=setup.command, environment=server.environment()))
        started.append(running)
        awaited.append((server, setup, running))
    for server, setup, running in awaited:
        processes.await_end(running, timeout_s=server.timeout_s)
        with storage(setup.data):
            setup.fresh.rename(setup.data)


def _awaited(server: Server, running: Running, processes: Processes) -> Awaited:
    return Awaited(
        name=server.name,
        what=server.awaited,
        probe=server.probe,
        pid=running.pid,
        port=server.port,
        log=processes.log(server.name),
        hint=server.hint,
        timeout_s=server.timeout_s,
    )
