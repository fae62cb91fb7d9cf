"""Which port each listener gets: the report's, or the next free one, remembered in `ports.json`."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psutil

from rushlab.model.errors import PortTaken, StackError, UsageError
from rushlab.world.stack.backend import Step
from rushlab.world.stack.files import read_state, write_private

HOST = "127.0.0.1"
#: The report's ports first; the others are the project's own.
DEFAULTS = {
    "service": 8080,
    "database": 3306,
    "redis": 6379,
    "kafka": 9094,
    "prometheus": 9090,
    "k6": 6565,
    "kafka-controller": 9093,
    "mysqld-exporter": 9104,
    "redis-exporter": 9121,
    "process-exporter": 9256,
    "relay": 9101,
    "consumer": 9201,
    "service-metrics": 9301,
}
_TRIES = 500
_POLL_S = 0.02


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `ports.json`."""

    schema: int = 1
    ports: dict[str, int] = {}


class PortBook:
    """Hands out ports and remembers them."""

    def __init__(self, home: Path, asked: Mapping[str, int | None], chosen: Mapping[str, int] | None = None) -> None:
        self._file = home / "ports.json"
        self._asked = asked
        self._chosen = dict(chosen or {})

    def remembered(self) -> dict[str, int]:
        """What was chosen last."""
        found = read_state(self._file, Ports)
        return {} if found is None else found.ports

    def choose(self, name: str, step: Step, *, held: int | None = None, keep: bool = False, room: int = 1) -> int:
        """A port for `name`: what was asked for, what its running process `held` has, else the default or the next.

        With `keep`, the remembered port comes before the default: a stack that is up stays where its users know it.
        With `room`, so many ports in a row from it on are free (one that was asked for is taken as it is).

        Raises
        ------
        PortTaken
            The port was asked for and someone else has it.
        UsageError
            The port was asked for and another listener of this stack has it.
        """
        self._chosen.pop(name, None)
        asked = self._asked.get(name)
        if asked is not None:
            self._refuse_shared(name, asked)
            port = asked if asked == held else _require_free(name, asked)
        elif held is not None and self._asked_by_another(name, held) is None:
            port = held
        else:
            port = self._free(name, step, keep, room)
        self._chosen[name] = port
        return port

    def _refuse_shared(self, name: str, port: int) -> None:
        holder = next((other for other, chosen in self._chosen.items() if chosen == port), None)
        if other := self._asked_by_another(name, port):
            why = f"{_setting(other)} asks for it too"
        elif holder:
            why = f"{holder} of this workbench has it"
        else:
            return
        raise UsageError(f"{_setting(name)} cannot be {port}", why, "Give each a port of its own.")

    def _asked_by_another(self, name: str, port: int) -> str | None:
        """Whose port it is by the user's wish, chosen already or not."""
        return next((other for other, asked in self._asked.items() if asked == port and other != name), None)

    def remember(self) -> None:
        """Write what was chosen; the ports of other listeners stay as they were."""
        known = self.remembered()
        if known | self._chosen != known:
            text = msgspec.json.format(msgspec.json.encode(Ports(ports=known | self._chosen)))
            write_private(self._file, text.decode())

    def _free(self, name: str, step: Step, keep: bool, room: int) -> int:
        default = _default(name)
        others = set(self._chosen.values()) | {_default(other) for other in DEFAULTS if other != name}
        later = range(default + 1, min(default + _TRIES, 65536))
        remembered = self.remembered().get(name, default)
        candidates: list[int] = [remembered, default, *later] if keep else [default, remembered, *later]
        for port in candidates:
            wanted = (port == default or port not in others) and port not in self._chosen.values()
            wanted = wanted and all(self._asked_by_another(name, port + more) is None for more in range(room))
            ready = comes_free if port == candidates[0] else is_free
            if wanted and ready(port) and all(is_free(port + more) for more in range(1, room)):
                if port not in (default, remembered if keep else default):
                    step(f"{name}: port {default} is {self._reason(name, default)}, using {port}")
                return port
        raise StackError(f"There is no free port for {name}", f"{default} to {default + _TRIES} are all taken")

    def _reason(self, name: str, port: int) -> str:
        other = self._asked_by_another(name, port)
        return f"taken by {owner(port)}" if other is None else f"asked for by {_setting(other)}"


def _setting(name: str) -> str:
    return f"RUSHLAB_{name.upper()}_PORT"


def _default(name: str) -> int:
    role, _, index = name.rpartition("-")
    return DEFAULTS[role] + int(index) if role in DEFAULTS and index.isdigit() else DEFAULTS[name]


def _require_free(name: str, port: int) -> int:
    if not is_free(port):
        setting = _setting(name)
        help_ = f"Stop it, or unset {setting} to use another."
        raise PortTaken(f"Port {port}, asked for by {setting}, is taken", f"by {owner(port)}", help_)
    return port


def is_free(port: int) -> bool:
    """Whether a server could listen there now, on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def comes_free(port: int, patience_s: float = 3.0) -> bool:
    """Wait for a listener that is on its way out: a killed server holds its port until its last thread is gone.

    Such a listener belongs to no process that can be named; one that can be named keeps its port and is not waited for.
    """
    deadline = time.monotonic() + patience_s
    while not is_free(port):
        if _pid_of(port) is not None or time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def owner(port: int) -> str:
    """Who listens there, in words: pid and command, as far as this user may know."""
    pid = _pid_of(port)
    return "a process of another user" if pid is None else f"process {pid}, {_command(pid)}"


def _pid_of(port: int) -> int | None:
    for connection in psutil.net_connections(kind="tcp"):
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listens and connection.pid is not None:
            return int(connection.pid)
    return None


def _command(pid: int) -> str:
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return "which has just ended"
    return " ".join(words)[:120] or "without a command line"
