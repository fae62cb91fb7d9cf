"""Processes of the stack: started with a mark in their environment, found by it, stopped, and nothing else touched.

The mark is what makes the stack survive a workbench that was killed: it is in place from a process's first
instruction on, so nothing that was started can be missed, and nothing without it is ever signalled.
`processes.json` lists what should be running, so that `status` can tell "stopped" from "never started".
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from rushlab.model.errors import StackError, StorageError
from rushlab.world.stack import logs
from rushlab.world.stack.endings import exit_code, in_words, wait_gone
from rushlab.world.stack.files import read_state, write_private
from rushlab.world.stack.marks import TOKEN_MARK, Running, draw, marked

_OPEN_FILES = 65536
#: What a server gets of the caller's environment; the rest (proxies, virtual environments, tokens) stays away.
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR")


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """What to start."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    port: int | None = None
    config: str = ""  # fingerprint of everything it was told


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `processes.json`."""

    schema: int = 1
    processes: tuple[Running, ...] = ()


class Processes:
    """All processes of one workbench folder."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.logs = self.home / "logs"
        self._file = self.home / "processes.json"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def start(self, launch: Launch) -> Running:
        """Start a process in its own session (a Ctrl-C of the terminal does not reach it), its output in its log.

        Raises
        ------
        StackError
            The program cannot be executed.
        """
        raise_open_files_limit()
        log = self.log(launch.name)
        environment = self._environment(launch)
        logs.begin(log, launch.name)
        try:
            pid = os.posix_spawn(
                launch.command[0],
                launch.command,
                environment,
                file_actions=_output_to(log),
                setsid=True,
                setsigmask=[],
                setsigdef=[signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ],
            )
        except OSError as error:
            raise StackError(f"{launch.name} cannot be started", f"{launch.command[0]}: {error.strerror}") from error
        running = _as_running(launch, pid, environment[TOKEN_MARK])
        self._record(add=running)
        return running

    def run(self, launch: Launch, *, timeout_s: float) -> str:
        """Run a helper to its end and return its output; it carries the mark too.

        Raises
        ------
        StackError
            It is missing, failed or took too long; its last lines are in the message.
        """
        try:
            done = subprocess.run(
                launch.command,
                env={**os.environ, **self._environment(launch)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError as error:
            raise StackError(f"{launch.name} failed", f"{launch.command[0]} is not there") from error
        except subprocess.TimeoutExpired as error:
            raise StackError(f"{launch.name} failed", f"it did not end within {timeout_s:.0f} s") from error
        if done.returncode:
            last = "\n".join(done.stdout.splitlines()[-15:])
            raise StackError(f"{launch.name} failed", f"exit code {done.returncode}, its last lines:\n{last}\n")
        return done.stdout

    def await_end(self, running: Running, *, timeout_s: float) -> None:
        """Wait until a child that was started ends by itself.

        Raises
        ------
        StackError
            It failed or took too long; its last log lines are in the message.
        """
        code = exit_code(running.pid, timeout_s)
        self._record(drop=[running])
        if code != 0:
            state = f"it did not end within {timeout_s:.0f} s" if code is None else in_words(code)
            if code is None:
                self.stop([running], grace_s=1)
            raise logs.failure(f"{running.name} failed", state, self.log(running.name))

    def found(self) -> list[Running]:
        """Every living process of this user that carries the mark of this folder, whoever started it."""
        own = (marked(process, self.home) for process in psutil.process_iter())
        return [running for running in own if running is not None]

    def recorded(self) -> tuple[Running, ...]:
        """What the last workbench started and did not stop; parts of it may be dead."""
        found = read_state(self._file, Records)
        return () if found is None else found.processes

    def stop(self, running: Iterable[Running], *, grace_s: float = 10) -> None:
        """SIGTERM, wait, SIGKILL; a process that lost or never had the mark is left alone.

        Raises
        ------
        StackError
            One is still there after SIGKILL.
        """
        targets = list(running)
        left = self._signal(targets, signal.SIGTERM)
        # A paused process acts on SIGTERM only once it goes on.
        self._signal(targets, signal.SIGCONT)
        left = wait_gone(left, grace_s)
        if left:
            self._signal([target for target in targets if target.pid in {one.pid for one in left}], signal.SIGKILL)
            left = wait_gone(left, 5)
        with suppress(StorageError):  # the marks are the truth; a full disk must not keep a process running
            self._record(drop=targets)
        if left:
            raise StackError(f"Process {left[0].pid} cannot be stopped", "it is still there after SIGKILL")

    def send(self, running: Running, number: signal.Signals) -> bool:
        """Send one signal, if that process is still ours; True when it was sent."""
        return bool(self._signal([running], number))

    def _signal(self, targets: Sequence[Running], number: signal.Signals) -> list[psutil.Process]:
        reached = []
        for target in targets:
            try:
                process = psutil.Process(target.pid)
                now = marked(process, self.home)
                if now is not None and now.token == target.token and now.started == target.started:
                    process.send_signal(number)
                    reached.append(process)
            except psutil.NoSuchProcess:
                continue
        return reached

    def _environment(self, launch: Launch) -> dict[str, str]:
        kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
        marks = draw(self.home, launch.name, launch.config, launch.port)
        return {**kept, "LANG": "C.UTF-8", "TZ": "UTC", **launch.environment, **marks}

    def _record(self, add: Running | None = None, drop: Sequence[Running] = ()) -> None:
        tokens = {one.token for one in drop}
        kept = tuple(
            one for one in self.recorded() if one.token not in tokens and (add is None or one.name != add.name)
        )
        records = Records(processes=kept if add is None else (*kept, add))
        write_private(self._file, msgspec.json.format(msgspec.json.encode(records)).decode())


def raise_open_files_limit() -> None:
    """Allow this process and its children as many open files as the system lets it (thousands of connections)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _output_to(log: Path) -> list[tuple[int, int, str, int, int] | tuple[int, int, int]]:
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]


def _as_running(launch: Launch, pid: int, token: str) -> Running:
    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        started = time.time()
    return Running(name=launch.name, pid=pid, started=started, port=launch.port, config=launch.config, token=token)
