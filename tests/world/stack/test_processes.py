from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.world.stack.children import WAIT, python, started, until

from rushlab.model.errors import StackError
from rushlab.world.stack.endings import is_alive
from rushlab.world.stack.marks import Running
from rushlab.world.stack.processes import Launch, Processes

_STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('started', flush=True)\n"
    "while True: signal.pause()"
)
_STARTER = """
import os, sys
from pathlib import Path
from rushlab.world.stack.processes import Launch, Processes
processes = Processes(Path(sys.argv[1]))
# killed between the start and its record: the worst moment
processes._record = lambda **changes: os.kill(os.getpid(), 9)
processes.start(Launch(name="orphan", command=(sys.executable, "-c", sys.argv[2])))
"""


def test_a_started_process_is_found_by_its_mark_with_all_that_was_said_about_it(processes: Processes) -> None:
    running = started(processes, python("server", WAIT, port=4711))
    assert processes.found() == [running]
    assert (running.name, running.port) == ("server", 4711)
    assert processes.recorded() == (running,)


def test_it_runs_in_its_own_session_so_that_the_terminals_signals_miss_it(processes: Processes) -> None:
    running = started(processes, python("server", WAIT))
    assert os.getsid(running.pid) == running.pid


def test_stop_ends_it_and_forgets_it(processes: Processes) -> None:
    running = started(processes, python("server", WAIT))
    processes.stop([running])
    assert not psutil.pid_exists(running.pid)
    assert processes.found() == []
    assert processes.recorded() == ()


def test_what_ignores_sigterm_is_killed(processes: Processes) -> None:
    running = started(processes, python("stubborn", _STUBBORN))
    processes.stop([running], grace_s=0.2)
    assert not is_alive(running.pid)


def test_a_paused_process_is_stopped_gently(processes: Processes) -> None:
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(print('gentle'))); print('started', flush=True)\n"
    running = started(processes, python("paused", code + "signal.pause()"))
    processes.send(running, signal.SIGSTOP)
    until(lambda: psutil.Process(running.pid).status() == psutil.STATUS_STOPPED)
    processes.stop([running])
    assert "gentle" in processes.log("paused").read_text()


def test_a_process_without_the_mark_is_never_signalled(processes: Processes) -> None:
    code = [sys.executable, "-c", WAIT]
    with subprocess.Popen(code, stdout=subprocess.PIPE) as foreign:
        pretended = Running(
            name="server",
            pid=foreign.pid,
            started=psutil.Process(foreign.pid).create_time(),
            port=None,
            config="",
            token="0123456789abcdef",
        )
        processes.stop([pretended], grace_s=0.1)
        assert not processes.send(pretended, signal.SIGKILL)
        assert foreign.poll() is None
        foreign.kill()


def test_a_process_of_another_workbench_is_not_found(processes: Processes, tmp_path: Path) -> None:
    other = Processes(tmp_path / "other")
    running = started(other, python("server", WAIT))
    assert processes.found() == []
    processes.stop([running], grace_s=0.1)
    assert is_alive(running.pid)
    other.stop([running])


def test_a_mere_home_in_the_environment_is_not_the_mark(processes: Processes) -> None:
    environment = os.environ | {"RUSHLAB_HOME": str(processes.home)}
    with subprocess.Popen([sys.executable, "-c", WAIT], env=environment, stdout=subprocess.PIPE) as foreign:
        assert foreign.stdout is not None
        assert foreign.stdout.readline() == b"started\n"
        assert processes.found() == []
        foreign.kill()


def test_what_a_killed_workbench_had_started_but_not_recorded_is_found(processes: Processes) -> None:
    dead = subprocess.run([sys.executable, "-c", _STARTER, str(processes.home), WAIT], check=False)
    assert dead.returncode == -signal.SIGKILL
    until(lambda: [one.name for one in processes.found()] == ["orphan"])
    assert processes.recorded() == ()
    processes.stop(processes.found())
    assert processes.found() == []


def test_children_of_a_marked_process_carry_the_mark(processes: Processes) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    command = (sys.executable, "-c", code, WAIT)
    processes.start(Launch(name="parent", command=command))
    until(lambda: len(processes.found()) == 2)
    processes.stop(processes.found())
    assert processes.found() == []


def test_the_servers_environment_holds_nothing_of_the_callers(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    code = "import os; print(sorted(os.environ)); print('started', flush=True)"
    started(processes, python("server", code))
    assert "SECRET_OF_THE_CALLER" not in processes.log("server").read_text()


def test_a_program_that_is_not_there_is_a_stack_error(processes: Processes) -> None:
    with pytest.raises(StackError, match="nowhere"):
        processes.start(Launch(name="nothing", command=("/nowhere/to/be/found",)))
    assert processes.recorded() == ()


def test_awaiting_the_end_of_a_helper_that_fails_tells_its_last_lines(processes: Processes) -> None:
    helper = processes.start(python("helper", "import sys; print('it broke'); sys.exit(3)"))
    with pytest.raises(StackError, match=r"(?s)exit code 3.*it broke"):
        processes.await_end(helper, timeout_s=20)
    assert processes.recorded() == ()


def test_awaiting_the_end_is_bounded(processes: Processes) -> None:
    helper = started(processes, python("helper", WAIT))
    with pytest.raises(StackError, match="did not end"):
        processes.await_end(helper, timeout_s=0.1)
    assert not is_alive(helper.pid)


def test_run_returns_the_output_or_raises_with_it(processes: Processes) -> None:
    assert processes.run(python("helper", "print('fine')"), timeout_s=20) == "fine\n"
    with pytest.raises(StackError, match=r"(?s)exit code 2.*no good"):
        processes.run(python("helper", "import sys; print('no good'); sys.exit(2)"), timeout_s=20)
