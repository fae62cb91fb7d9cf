"""Logs of the stack's processes: parted by start, kept short, read from their end, and what they give away."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from rushlab.model.errors import PortTaken, RushlabError, StackError, StorageError
from rushlab.world.files import free_bytes, storage
from rushlab.world.stack.files import cut, make_folder, rotate, tail

_LIMIT_BYTES = 10 * 1024 * 1024
#: Begins the line that parts one start from the next in a log.
_BEGIN = "-- started "
_FULL = re.compile(r"no space left on device|disk quota exceeded|\b(errno|error|errcode):? 28\b", re.IGNORECASE)
_NO_ROOM_BYTES = 1_000_000  # a log that could not be written tells nothing


def begin(log: Path, name: str) -> None:
    """Part what a new process will write from what is there, in a log that is not too long."""
    make_folder(log.parent)
    with storage(log):
        rotate(log, _LIMIT_BYTES)
        with open(log, "a", encoding="utf-8", opener=_private) as file:
            file.write(f"{_BEGIN}{name} at {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def shorten(folder: Path) -> None:
    """Cut the logs that outgrew their limit while their writers go on."""
    for log in folder.glob("*.log"):
        cut(log, _LIMIT_BYTES)


def last_lines(log: Path, lines: int = 15) -> str:
    """The last log lines since the last start, indented, for the inside of an error message."""
    return "\n".join(f"  {line}" for line in since_start(log).splitlines()[-lines:]) or "  (nothing)"


def since_start(log: Path) -> str:
    """The end of a log, without what an earlier start left in it."""
    return tail(log, 500).rpartition(_BEGIN)[2].partition("\n")[2]


def failure(what: str, why: str, log: Path, do: str = "") -> RushlabError:
    """A StackError with the last log lines; StorageError or PortTaken when the log tells of a full disk or a port."""
    text = since_start(log)
    lines = f"\nLast lines of {log}:\n{last_lines(log)}"
    if "address already in use" in text.lower():
        return PortTaken(what, why, f"Start again; another port will be used.{lines}")
    if _FULL.search(text) or free_bytes(log) < _NO_ROOM_BYTES:
        return StorageError(f"{what}, the disk is full", why, f"Free some space and start again.{lines}")
    return StackError(what, why, do + lines)
