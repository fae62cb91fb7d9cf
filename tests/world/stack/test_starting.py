from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.world.stack.little_server import LittleServer

from rushlab.model.errors import PortTaken, StackError
from rushlab.world.stack.processes import Processes
from rushlab.world.stack.starting import bring_up, launch, with_free_ports


@pytest.fixture
def little(tmp_path: Path, free_port: int) -> LittleServer:
    return LittleServer(folder=tmp_path / "little", port=free_port)


def pids(processes: Processes) -> list[int]:
    return [one.pid for one in processes.found()]


def test_a_server_is_started_awaited_and_kept_by_the_next_start(processes: Processes, little: LittleServer) -> None:
    said: list[str] = []
    bring_up([little], processes, said.append)
    first = pids(processes)
    assert little.probe() is None
    assert said[0] == "starting little"
    assert said[1].startswith("little ready in ")

    said.clear()
    bring_up([little], processes, said.append)
    assert pids(processes) == first
    assert said == []


def test_a_server_with_another_configuration_is_replaced(processes: Processes, little: LittleServer) -> None:
    bring_up([little], processes, print)
    first = pids(processes)
    bring_up([replace(little, setting="b")], processes, print)
    assert len(pids(processes)) == 1
    assert pids(processes) != first
    assert (little.folder / "little.conf").read_text() == "b"


def test_a_server_that_hangs_for_longer_than_its_time_is_replaced(processes: Processes, little: LittleServer) -> None:
    little = replace(little, timeout_s=3)
    bring_up([little], processes, print)
    (first,) = pids(processes)
    os.kill(first, signal.SIGSTOP)
    bring_up([little], processes, print)
    assert pids(processes) != [first]
    assert little.probe() is None


@dataclass(frozen=True, kw_only=True)
class BusyServer(LittleServer):
    """Its first probes after a start find it busy."""

    states: list[str] = field(default_factory=list)

    def probe(self) -> str | None:
        return self.states.pop() if self.states else super().probe()


def test_a_server_that_is_busy_for_a_moment_is_kept(processes: Processes, tmp_path: Path, free_port: int) -> None:
    busy = BusyServer(folder=tmp_path / "little", port=free_port)
    bring_up([busy], processes, print)
    first = pids(processes)
    busy.states.extend(["no answer"] * 3)
    said: list[str] = []
    bring_up([busy], processes, said.append)
    assert pids(processes) == first
    assert said == ["waiting for little, which runs but does not answer yet (no answer)"]


def test_two_left_under_one_name_are_reduced_to_one(processes: Processes, little: LittleServer) -> None:
    bring_up([little], processes, print)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other = replace(little, port=listener.getsockname()[1])

    processes.start(launch(other))
    bring_up([little], processes, print)
    assert len(pids(processes)) == 1


def test_one_that_ends_tells_what_was_awaited_its_end_its_log_and_a_hint(
    processes: Processes, little: LittleServer
) -> None:
    broken = replace(little, code="print('my configuration is wrong'); raise SystemExit(3)")
    with pytest.raises(StackError) as caught:
        bring_up([broken], processes, print)
    sentence = caught.value.sentence
    for part in ("little did not come up", "an answer", "exit code 3", "my configuration is wrong", "Try again."):
        assert part in sentence


def test_one_that_never_answers_tells_the_last_state_and_is_stopped(processes: Processes, little: LittleServer) -> None:
    silent = replace(little, code="import signal; signal.pause()", timeout_s=0.3)
    with pytest.raises(StackError, match="last state: no connection"):
        bring_up([silent], processes, print)
    assert pids(processes) == []


def test_when_one_fails_the_others_of_the_same_start_are_stopped(processes: Processes, little: LittleServer) -> None:
    broken = replace(little, name="broken", folder=little.folder / "other", code="raise SystemExit(1)")
    with pytest.raises(StackError):
        bring_up([little, broken], processes, print)
    assert pids(processes) == []


def test_an_answer_of_someone_else_on_the_port_is_not_taken_for_the_servers(
    processes: Processes, little: LittleServer, tmp_path: Path
) -> None:
    stranger = Processes(tmp_path / "stranger")
    bring_up([little], stranger, print)
    try:
        late = replace(little, code="import signal; signal.pause()", timeout_s=0.5)
        with pytest.raises(StackError, match="another process answers"):
            bring_up([late], processes, print)
        assert len(pids(stranger)) == 1
    finally:
        stranger.stop(stranger.found())


def test_a_data_folder_is_made_once_and_is_whole_when_it_is_in_its_place(
    processes: Processes, little: LittleServer
) -> None:
    fill = "import pathlib, sys; pathlib.Path(sys.argv[1], 'table').write_text('whole')"
    server = replace(little, setup_code=fill)
    bring_up([server], processes, print)
    assert (little.folder / "data/table").read_text() == "whole"
    assert not (little.folder / "fresh").exists()
    assert server.setup() is None


def test_a_data_folder_that_could_not_be_made_is_not_there_and_the_next_start_tries_again(
    processes: Processes, little: LittleServer
) -> None:
    fails = "import pathlib, sys; pathlib.Path(sys.argv[1], 'half').touch(); print('no luck'); raise SystemExit(1)"
    with pytest.raises(StackError, match=r"(?s)little-setup failed.*no luck"):
        bring_up([replace(little, setup_code=fails)], processes, print)
    assert not (little.folder / "data").exists()

    works = "import pathlib, sys; pathlib.Path(sys.argv[1], 'whole').touch()"
    bring_up([replace(little, setup_code=works)], processes, print)
    assert [entry.name for entry in (little.folder / "data").iterdir()] == ["whole"]


def test_when_someone_was_quicker_to_take_the_port_another_one_is_tried(
    processes: Processes, little: LittleServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as quicker:
        candidates = [quicker.getsockname()[1], little.port]

        def start() -> int:
            server = replace(little, port=candidates.pop(0))
            bring_up([server], processes, print)
            return server.port

        assert with_free_ports(start) == little.port
    assert len(pids(processes)) == 1


def test_a_port_that_stays_taken_is_told(processes: Processes, little: LittleServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as quicker:
        server = replace(little, port=quicker.getsockname()[1])
        with pytest.raises(PortTaken, match="Address already in use"):
            with_free_ports(lambda: bring_up([server], processes, print))
    assert pids(processes) == []
