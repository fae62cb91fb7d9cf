"""Files that are whole or not there: atomic writes, hashes, JSON of value objects."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from rushlab.model.errors import ResultError, StorageError, UsageError

T = TypeVar("T")

_OTHER_FOLDER = (
    "Choose a folder you may write (the workbench's own are named by RUSHLAB_STATE, RUSHLAB_DATA and RUSHLAB_CACHE), "
    "or change its owner."
)


@contextlib.contextmanager
def storage(path: Path) -> Iterator[None]:
    """Turn an OSError about `path` into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def storage_error(path: Path, error: OSError) -> StorageError:
    """The sentence for a file system that refuses: full, read-only, no permission, or other."""
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(f"Cannot write {path}", reason, "Free space (rushlab clean) and run it again.")
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return StorageError(f"Cannot write {path}", reason, _OTHER_FOLDER)
    return StorageError(f"Cannot write {path}", reason)


def write_atomic(path: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Write `content`, readable as `mode` says from the start; a reader sees the old or the new file, never a part.

    Raises
    ------
    StorageError
        The folder cannot be written or the disk is full; the old file stays.
    """
    data = content.encode() if isinstance(content, str) else content
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def check_writable(folder: Path) -> None:
    """StorageError now rather than after an hour of work, when `folder` could not be made or written.

    A name that is no UTF-8 could be made, and then not be told in the JSON and the notebooks that are written there.
    """
    if printable(folder) != str(folder):
        raise StorageError(f"Cannot write {printable(folder)}", "its name is no UTF-8", "Choose another name.")
    with storage(folder):
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        there = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
        with tempfile.TemporaryFile(dir=there):
            pass


def write_json(path: Path, value: object) -> None:
    """Write a value object as indented JSON, atomically."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def decoded(content: bytes, kind: type[T]) -> T:
    """A value object out of JSON, however the JSON is damaged.

    Raises
    ------
    msgspec.DecodeError
        It is no JSON, does not have the shape of `kind`, is no UTF-8, or is nested too deeply (msgspec itself has
        another error for each of the last two).
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def read_json(path: Path, kind: type[T]) -> T:
    """Read JSON into a value object.

    Raises
    ------
    ResultError
        The file is missing, cannot be read, or does not have the shape of `kind`.
    """
    try:
        return decoded(path.read_bytes(), kind)
    except FileNotFoundError:
        raise ResultError(f"{path} is missing") from None
    except OSError as error:
        raise ResultError(f"{path} cannot be read", error.strerror or str(error)) from error
    except msgspec.DecodeError as error:
        raise ResultError(f"{path} is damaged", str(error)) from error


def text_of(path: Path, most_bytes: int) -> str:
    """The text of a small file that a user wrote.

    Raises
    ------
    UsageError
        It cannot be read, is no UTF-8 text, or is larger than such a file can be.
    """
    try:
        if (size := path.stat().st_size) > most_bytes:
            raise UsageError(f"{path} is too large", f"{size:,} bytes; {most_bytes:,} are the most")
        return path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not a text", str(error)) from error


def printable(name: object) -> str:
    """A file's name that can be written as UTF-8: bytes that are none are question marks."""
    return str(name).encode(errors="replace").decode()


def identity(path: Path) -> tuple[int, ...]:
    """What changes with the file: its inode, its size, and when both were written (ns); empty where there is none."""
    if not path.is_file():
        return ()
    told = path.stat()
    return told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def sha256(path: Path) -> str:
    """SHA-256 of a file as hexadecimal digits, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_bytes(path: Path) -> int:
    """Free space on the file system that holds `path` or its nearest parent that can be seen (bytes)."""
    return shutil.disk_usage(nearest(path)).free


def nearest(path: Path) -> Path:
    """`path` or the nearest parent that is there and can be seen: one that may not be entered hides the rest."""
    while not os.path.exists(path):  # noqa: PTH110 - Path.exists raises below a folder that may not be entered
        path = path.parent
    return path
