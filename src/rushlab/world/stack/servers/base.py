"""What every server of the stack is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Protocol

from msgspec import Struct

from rushlab.world.files import storage
from rushlab.world.stack.passwords import Passwords
from rushlab.world.stack.provision import Tools


class Site(Struct, frozen=True, kw_only=True):
    """Where a server lives and what it may use."""

    home: Path  # .rushlab
    root: Path  # the project: templates in stack/, the service in service/
    tools: Tools
    ports: Mapping[str, int]
    passwords: Passwords

    def folder(self, name: str) -> Path:
        """The folder of a server: its configuration, and its data in `data`."""
        return self.home / "servers" / name

    def render(self, template: str, **values: object) -> str:
        """A file of stack/ with its $names filled in."""
        return Template((self.root / "stack" / template).read_text("utf-8")).substitute(values)


class Setup(Struct, frozen=True, kw_only=True):
    """How an empty data folder is made: the command fills `fresh`, which is renamed to `data` when it succeeded."""

    command: tuple[str, ...]
    fresh: Path
    data: Path


class Server(Protocol):
    """One process of the stack."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def timeout_s(self) -> float:
        """The longest it may take to become ready."""

    @property
    def awaited(self) -> str:
        """What `probe` waits for, in words."""

    @property
    def hint(self) -> str:
        """What to do when it does not come up."""

    def files(self) -> Mapping[Path, str]:
        """Its configuration, written before it starts."""

    def setup(self) -> Setup | None:
        """How its data folder is made the first time."""

    def command(self) -> tuple[str, ...]: ...

    def environment(self) -> dict[str, str]: ...

    def probe(self) -> str | None:
        """None when it is ready, else its state in a few words."""

    def version(self) -> str:
        """Its version, as the running server says it."""


def has_content(data: Path) -> bool:
    """Whether a server has made its data already; what is mounted over an empty folder leaves it empty."""
    with storage(data):
        return data.exists() and any(data.iterdir())


def fingerprint(server: Server) -> str:
    """A hash of everything the server is told: a running one with another hash is not the one that is wanted."""
    told = {
        "command": server.command(),
        "environment": server.environment(),
        "files": {str(path): text for path, text in server.files().items()},
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
