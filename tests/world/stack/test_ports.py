from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil
import pytest
from tests.world.stack.children import FIRST_THREAD_GONE, python, started, until

from rushlab.model.errors import PortTaken, UsageError
from rushlab.world.stack import ports
from rushlab.world.stack.logs import since_start
from rushlab.world.stack.ports import PortBook, is_free, owner
from rushlab.world.stack.processes import Processes


@pytest.fixture
def taken() -> socket.socket:
    """A socket that listens on a port of the system's choice, between two free ones."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if port < 65000 and is_free(port - 1) and is_free(port + 1):
            return listener
        listener.close()


def book(home: Path, **asked: int) -> PortBook:
    return PortBook(home, asked)


def test_the_default_is_chosen_when_it_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setitem(ports.DEFAULTS, "redis", free_port)
    said: list[str] = []
    assert book(tmp_path).choose("redis", said.append) == free_port
    assert said == []


def test_a_taken_default_moves_to_the_next_free_one_said_in_one_line_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: socket.socket
) -> None:
    with taken:
        port = taken.getsockname()[1]
        monkeypatch.setitem(ports.DEFAULTS, "redis", port)
        said: list[str] = []
        chosen = book(tmp_path)
        assert chosen.choose("redis", said.append) == port + 1
        chosen.remember()
    assert len(said) == 1
    assert f"process {os.getpid()}" in said[0]
    assert PortBook(tmp_path, {}).remembered() == {"redis": port + 1}


def test_a_port_that_was_asked_for_and_is_taken_names_its_owner(tmp_path: Path, taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            book(tmp_path, service=port).choose("service", print)
    assert f"process {os.getpid()}" in caught.value.sentence
    assert "RUSHLAB_SERVICE_PORT" in caught.value.sentence


def test_the_port_of_the_running_server_is_kept(tmp_path: Path, taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
        assert book(tmp_path).choose("redis", print, held=port) == port
        assert book(tmp_path, redis=port).choose("redis", print, held=port) == port


def test_another_port_than_the_running_servers_can_be_asked_for(tmp_path: Path, taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
        assert book(tmp_path, redis=port + 1).choose("redis", print, held=port) == port + 1


def test_numbered_processes_have_ports_of_their_own(tmp_path: Path) -> None:
    chosen = book(tmp_path)
    numbers = [chosen.choose(f"consumer-{index}", lambda text: None) for index in range(3)]
    assert len(set(numbers)) == 3


def test_several_ports_in_a_row_are_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    monkeypatch.setitem(ports.DEFAULTS, "service-metrics", port - 1)
    with taken:
        assert book(tmp_path).choose("service-metrics", print) == port - 1
        assert book(tmp_path).choose("service-metrics", print, room=2) > port


def test_a_damaged_book_is_read_as_empty(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    assert PortBook(tmp_path, {}).remembered() == {}


def test_a_port_open_on_all_interfaces_is_not_free_on_loopback() -> None:
    with socket.create_server(("", 0)) as listener:
        assert not is_free(listener.getsockname()[1])


def test_nobody_owns_a_free_port(taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
        assert f"process {os.getpid()}" in owner(port)
    assert str(os.getpid()) not in owner(port)


def test_a_stack_that_is_up_keeps_the_port_its_users_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: socket.socket, free_port: int
) -> None:
    with taken:
        monkeypatch.setitem(ports.DEFAULTS, "redis", taken.getsockname()[1])
        first = book(tmp_path)
        moved = first.choose("redis", lambda text: None)
        first.remember()
    monkeypatch.setitem(ports.DEFAULTS, "redis", free_port)
    said: list[str] = []
    assert book(tmp_path).choose("redis", said.append, keep=True) == moved
    assert book(tmp_path).choose("redis", said.append) == free_port
    assert said == []


def test_a_port_whose_listener_is_on_its_way_out_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: Processes
) -> None:
    running = started(processes, python("dying", FIRST_THREAD_GONE))
    port = int(since_start(processes.log("dying")).split()[1])
    until(lambda: psutil.Process(running.pid).status() == psutil.STATUS_ZOMBIE)
    monkeypatch.setitem(ports.DEFAULTS, "redis", port)
    said: list[str] = []
    assert book(tmp_path).choose("redis", said.append) == port
    assert said == []


def asking(home: Path, **asked: int) -> PortBook:
    """As the backend makes it: everything that could be asked for is in it."""
    return PortBook(home, {name: asked.get(name) for name in ("service", "database", "redis", "prometheus")})


def test_a_default_that_was_asked_for_by_another_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: socket.socket
) -> None:
    port = taken.getsockname()[1]
    taken.close()
    monkeypatch.setitem(ports.DEFAULTS, "prometheus", port)
    said: list[str] = []
    chosen = asking(tmp_path, service=port)
    assert chosen.choose("prometheus", said.append) != port
    assert chosen.choose("service", said.append) == port
    assert said[0].startswith(f"prometheus: port {port} is asked for by RUSHLAB_SERVICE_PORT, using ")


def test_a_running_server_leaves_a_port_that_another_asks_for(tmp_path: Path, free_port: int) -> None:
    chosen = asking(tmp_path, service=free_port)
    assert chosen.choose("prometheus", print, held=free_port) != free_port


def test_a_port_that_two_ask_for_or_another_has_is_refused_with_both_names(tmp_path: Path, free_port: int) -> None:
    with pytest.raises(UsageError, match=r"RUSHLAB_DATABASE_PORT cannot be .*RUSHLAB_REDIS_PORT asks for it too"):
        asking(tmp_path, database=free_port, redis=free_port).choose("database", print)
    running = PortBook(tmp_path, {"service": free_port}, {"relay": free_port})
    with pytest.raises(UsageError, match="relay of this workbench has it"):
        running.choose("service", print)


def test_ports_in_a_row_leave_out_one_that_another_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: socket.socket
) -> None:
    port = taken.getsockname()[1]
    taken.close()
    monkeypatch.setitem(ports.DEFAULTS, "service-metrics", port)
    assert asking(tmp_path, redis=port + 1).choose("service-metrics", print, room=2) > port
