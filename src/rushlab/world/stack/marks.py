"""The mark: variables in a process's environment by which a workbench knows its own, whoever started it.

It is in place from a program's first instruction on, so nothing that was started can be missed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psutil

HOME_MARK, NAME_MARK, PORT_MARK, CONFIG_MARK, TOKEN_MARK = (
    "RUSHLAB_HOME",
    "RUSHLAB_PROCESS",
    "RUSHLAB_PORT",
    "RUSHLAB_CONFIG",
    "RUSHLAB_TOKEN",
)


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A process that carries this workbench's mark."""

    name: str
    pid: int
    started: float  # epoch seconds
    port: int | None
    config: str
    token: str


def draw(home: Path, name: str, config: str, port: int | None) -> dict[str, str]:
    """The variables of a new process."""
    return {
        HOME_MARK: str(home),
        NAME_MARK: name,
        TOKEN_MARK: secrets.token_hex(8),
        CONFIG_MARK: config,
        PORT_MARK: "" if port is None else str(port),
    }


def marked(process: psutil.Process, home: Path) -> Running | None:
    """What a process's mark says; None without the whole mark of this folder."""
    marks = _read(process.pid)
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


def _read(pid: int) -> Mapping[str, str]:
    """The environment a process was started with; empty when it ended or belongs to someone else."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return {}
    pairs = (entry.partition("=") for entry in os.fsdecode(raw).split("\0"))
    return {key: value for key, _, value in pairs if key.startswith("RUSHLAB_")}
