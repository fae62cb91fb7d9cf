"""Processes of the stack: started with a mark in their environment, found by it, stopped, and nothing else touched.

The mark is what makes the stack survive a workbench that was killed: it is in place from a process's first
instruction on, so nothing that was started can be missed, and nothing without it is ever signalled.
`processes.json` lists what should be running, so that `status` can tell "stopped" from "never started".
"""

from __future__ import annotations

import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from rushlab.model.errors import PortTaken, RushlabError, StackError, StorageError
from rushlab.world.files import storage
from rushlab.world.stack.files import make_folder, rotate, tail, write_private

HOME_MARK, NAME_MARK, PORT_MARK, CONFIG_MARK, TOKEN_MARK = (
    "RUSHLAB_HOME",
    "RUSHLAB_PROCESS",
    "RUSHLAB_PORT",
    "RUSHLAB_CONFIG",
    "RUSHLAB_TOKEN",
)
LOG_LIMIT_BYTES = 10 * 1024 * 1024
_OPEN_FILES = 65536
#: What a server gets of the caller's environment; the rest (proxies, virtual environments, tokens) stays away.
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR")
_POLL_S = 0.02
#: Begins the line that parts one start from the next in a log.
_BEGIN = "-- started "
_FULL = ("No space left on device", "Errno 28", "errno: 28", "Errcode: 28", "Disk quota exceeded")


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """What to start."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    port: int | None = None
    config: str = ""  # fingerprint of everything it was told


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A process that carries this workbench's mark."""

    name: str
    pid: int
    started: float  # epoch seconds
    port: int | None
    config: str
    token: str


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
        make_folder(self.logs)
        environment = self._environment(launch)
        with storage(log):
            rotate(log, LOG_LIMIT_BYTES)
            _begin(log, launch.name)
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
        code = _exit_code(running.pid, timeout_s)
        self._record(drop=[running])
        if code != 0:
            state = f"it did not end within {timeout_s:.0f} s" if code is None else _ended(code)
            if code is None:
                self.stop([running], grace_s=1)
            raise failure(f"{running.name} failed", f"{state}, its last lines:\n", self.log(running.name))

    def found(self) -> list[Running]:
        """Every living process of this user that carries the mark of this folder, whoever started it."""
        marked = (_marked(process, self.home) for process in psutil.process_iter())
        return [running for running in marked if running is not None]

    def recorded(self) -> tuple[Running, ...]:
        """What the last workbench started and did not stop; parts of it may be dead."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Records).processes
        except (FileNotFoundError, msgspec.DecodeError):
            return ()

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
        left = _wait_gone(left, grace_s)
        if left:
            self._signal([target for target in targets if target.pid in {one.pid for one in left}], signal.SIGKILL)
            left = _wait_gone(left, 5)
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
                now = _marked(process, self.home)
                if now is not None and now.token == target.token and now.started == target.started:
                    process.send_signal(number)
                    reached.append(process)
            except psutil.NoSuchProcess:
                continue
        return reached

    def _environment(self, launch: Launch) -> dict[str, str]:
        kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
        marks = {
            HOME_MARK: str(self.home),
            NAME_MARK: launch.name,
            TOKEN_MARK: secrets.token_hex(8),
            CONFIG_MARK: launch.config,
            PORT_MARK: "" if launch.port is None else str(launch.port),
        }
        return {**kept, "LANG": "C.UTF-8", "TZ": "UTC", **launch.environment, **marks}

    def _record(self, add: Running | None = None, drop: Sequence[Running] = ()) -> None:
        tokens = {one.token for one in drop}
        kept = tuple(
            one for one in self.recorded() if one.token not in tokens and (add is None or one.name != add.name)
        )
        records = Records(processes=kept if add is None else (*kept, add))
        write_private(self._file, msgspec.json.format(msgspec.json.encode(records)).decode())


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not yet collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def holds_port(pid: int, port: int) -> bool:
    """Whether a process, or a child of it, listens on that TCP port."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return any(_listens(member, port) for member in family)
    except psutil.NoSuchProcess:
        return False


def _listens(process: psutil.Process, port: int) -> bool:
    connections = process.net_connections(kind="tcp")
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def how_it_ended(pid: int) -> str:
    """How a child of this process ended, in words; it is collected by that."""
    try:
        _, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return "the process ended"
    return _ended(os.waitstatus_to_exitcode(status))


def _ended(code: int) -> str:
    return f"the process ended with exit code {code}" if code >= 0 else f"the process was ended by signal {-code}"


def _exit_code(pid: int, timeout_s: float) -> int | None:
    """The exit code of a child, minus the signal that ended it, None after the time-out."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_POLL_S)
    return None


def failure(what: str, why: str, log: Path, do: str = "") -> RushlabError:
    """A StackError with the last log lines; StorageError or PortTaken when the log tells of a full disk or a port."""
    why = f"{why}{last_lines(log)}\n"
    text = since_start(log)
    if "address already in use" in text.lower():
        return PortTaken(what, why, "Start again; another port will be used.")
    if any(sign in text for sign in _FULL):
        return StorageError(f"{what}, the disk is full", why, "Free some space and start again.")
    return StackError(what, why, do)


def raise_open_files_limit() -> None:
    """Allow this process and its children as many open files as the system lets it (thousands of connections)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def python_environment(root: Path) -> dict[str, str]:
    """What a Python process of the service needs to find its package."""
    return {"PYTHONPATH": str(root / "service"), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def python_command(module: str) -> tuple[str, ...]:
    """Run a module with this interpreter; -P keeps the caller's folder off the import path."""
    return (sys.executable, "-P", "-m", module)


def last_lines(log: Path, lines: int = 15) -> str:
    """The last log lines since the last start, indented, for the inside of an error message."""
    return "\n".join(f"  {line}" for line in since_start(log).splitlines()[-lines:]) or "  (nothing)"


def since_start(log: Path) -> str:
    """The end of a log, without what an earlier start left in it."""
    return tail(log, 500).rpartition(_BEGIN)[2].partition("\n")[2]


def _begin(log: Path, name: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{_BEGIN}{name} at {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n")


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


def _marked(process: psutil.Process, home: Path) -> Running | None:
    marks = _read_marks(process.pid)
    if marks.get(HOME_MARK) != str(home) or not marks.get(TOKEN_MARK) or not marks.get(NAME_MARK):
        return None
    try:
        started = process.create_time()
    except psutil.NoSuchProcess:
        return None
    port = marks.get(PORT_MARK, "")
    return Running(
        name=marks[NAME_MARK],
        pid=process.pid,
        started=started,
        port=int(port) if port.isdigit() else None,
        config=marks.get(CONFIG_MARK, ""),
        token=marks[TOKEN_MARK],
    )


def _read_marks(pid: int) -> Mapping[str, str]:
    """The environment a process was started with; empty when it ended or belongs to someone else."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return {}
    pairs = (entry.partition("=") for entry in os.fsdecode(raw).split("\0"))
    return {key: value for key, _, value in pairs if key.startswith("RUSHLAB_")}


def _wait_gone(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Those that are still there after the time-out."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    while True:
        left = [process for process in left if not _gone(process)]
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(_POLL_S)


def _gone(process: psutil.Process) -> bool:
    try:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            return False
    except psutil.NoSuchProcess:
        pass
    how_it_ended(process.pid)  # collects it when it is a child of ours
    return True
