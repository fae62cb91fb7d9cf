"""Files of the stack: for its user alone, written whole or not at all; logs kept short and read from their end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from rushlab.world.files import decoded, storage, storage_error, write_atomic

T = TypeVar("T")

_BLOCK_BYTES = 64 * 1024
#: More than a log ever holds (`logs` cuts them): memory stays bounded whatever a file's size.
_MOST_BYTES = 16 * 1024 * 1024


def make_folder(path: Path) -> Path:
    """The folder, made for this user alone when it is not there."""
    with storage(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` atomically; at no moment can another user read it (configurations carry passwords)."""
    make_folder(path.parent)
    write_atomic(path, text, mode)


def read_state(path: Path, kind: type[T]) -> T | None:
    """What an earlier start wrote; None when it wrote nothing or the file is damaged: it can be found out anew.

    Raises
    ------
    StorageError
        The file cannot be read.
    """
    try:
        return decoded(path.read_bytes(), kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    except OSError as error:
        raise storage_error(path, error) from error


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file, "" when there is none; of a huge one the end (StorageError: it cannot be read)."""
    try:
        with path.open("rb") as file:
            text = _end(file, lines).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise storage_error(path, error) from error
    return "\n".join(text.splitlines()[-lines:])


def _end(file: BinaryIO, lines: int) -> bytes:
    """So much of a file's end that it holds these lines, block by block."""
    left = file.seek(0, os.SEEK_END)
    found = b""
    while left and found.count(b"\n") <= lines and len(found) < _MOST_BYTES:
        size = min(_BLOCK_BYTES, left)
        left = file.seek(left - size)
        found = file.read(size) + found
    return found


def rotate(path: Path, limit_bytes: int) -> None:
    """Keep one older log beside the current one; called before the writer is started."""
    if path.exists() and path.stat().st_size > limit_bytes:
        path.replace(path.with_name(f"{path.name}.1"))


def cut(path: Path, limit_bytes: int) -> None:
    """Empty a log that outgrew its limit while its writer, which appends, goes on; its end is kept beside it."""
    if path.exists() and path.stat().st_size > limit_bytes:
        write_private(path.with_name(f"{path.name}.1"), tail(path, 1000))
        os.truncate(path, 0)
