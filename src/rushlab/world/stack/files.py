"""Files of the stack: for its user alone, written whole or not at all; logs kept short and read from their end."""

from __future__ import annotations

import os
from pathlib import Path

from rushlab.world.files import storage, write_atomic

_TAIL_BYTES = 64 * 1024


def make_folder(path: Path) -> Path:
    """The folder, made for this user alone when it is not there."""
    with storage(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` atomically; at no moment can another user read it (configurations carry passwords)."""
    make_folder(path.parent)
    write_atomic(path, text, mode)


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file, "" when there is none; memory stays bounded whatever its size."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def rotate(path: Path, limit_bytes: int) -> None:
    """Keep one older log beside the current one; called before the writer is started."""
    if path.exists() and path.stat().st_size > limit_bytes:
        path.replace(path.with_name(f"{path.name}.1"))


def cut(path: Path, limit_bytes: int) -> None:
    """Empty a log that outgrew its limit while its writer, which appends, goes on; its end is kept beside it."""
    if path.exists() and path.stat().st_size > limit_bytes:
        write_private(path.with_name(f"{path.name}.1"), tail(path, 1000))
        os.truncate(path, 0)
