from __future__ import annotations

import os
import signal

import psutil
from tests.world.stack.children import FIRST_THREAD_GONE, LISTEN, WAIT, python, started, until

from rushlab.world.stack.endings import holds_port, how_it_ended, is_alive
from rushlab.world.stack.logs import since_start
from rushlab.world.stack.ports import is_free
from rushlab.world.stack.processes import Processes


def test_how_it_ended_is_told_in_words(processes: Processes) -> None:
    code = processes.start(python("a", "raise SystemExit(7)"))
    killed = started(processes, python("b", WAIT))
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not is_alive(code.pid) and not is_alive(killed.pid))
    assert how_it_ended(code.pid) == "the process ended with exit code 7"
    assert how_it_ended(killed.pid) == "the process was ended by signal 9"


def test_holds_port_is_true_for_the_listener_alone(processes: Processes) -> None:
    running = started(processes, python("listener", LISTEN))
    port = int(since_start(processes.log("listener")).split()[1])
    assert holds_port(running.pid, port)
    assert holds_port(os.getpid(), port), "a parent holds the ports of its children (workers of a service)"
    assert not holds_port(started(processes, python("sibling", WAIT)).pid, port)
    assert not holds_port(running.pid, port + 1)


def test_a_process_whose_first_thread_is_gone_lives_until_the_last_one_is(processes: Processes) -> None:
    running = started(processes, python("dying", FIRST_THREAD_GONE))
    port = int(since_start(processes.log("dying")).split()[1])
    until(lambda: psutil.Process(running.pid).status() == psutil.STATUS_ZOMBIE)
    assert is_alive(running.pid)
    assert not is_free(port)
    until(lambda: not is_alive(running.pid))
    assert is_free(port)
