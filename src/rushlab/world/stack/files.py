"""Files of the stack: written whole or not at all, read from the end, errors of the disk in the user's words."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rushlab.model.errors import StorageError

#: What the operating system says when a folder or disk is the problem, and what helps.
_STORAGE = {
    errno.ENOSPC: "Free some space, or move the project or RUSHLAB_CACHE to a larger disk.",
    errno.EDQUOT: "Free some space within the quota, or move the project or RUSHLAB_CACHE elsewhere.",
    errno.EROFS: "Move the project, or set RUSHLAB_CACHE, to a folder that can be written.",
    errno.EACCES: "Make the folder writable for this user, or set RUSHLAB_CACHE to another one.",
    errno.EPERM: "Make the folder writable for this user, or set RUSHLAB_CACHE to another one.",
    errno.ENOTDIR: "Move the file that stands where the folder should be.",
    errno.EEXIST: "Move the file that stands where the folder should be.",
}
_TAIL_BYTES = 64 * 1024


@contextmanager
def storage(what: str) -> Iterator[None]:
    """Turn a full disk or an unwritable folder met inside into a StorageError that begins with `what`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _STORAGE:
            raise
        place = f" ({error.filename})" if error.filename else ""
        raise StorageError(what, f"{os.strerror(error.errno)}{place}", _STORAGE[error.errno]) from error


def make_folder(path: Path) -> Path:
    """The folder, made for this user alone when it is not there."""
    with storage(f"The folder {path} cannot be made"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` so that a reader, or a crash, meets the old file or the new one, never a part."""
    make_folder(path.parent)
    with storage(f"{path.name} cannot be written"):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


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
        write_atomically(path.with_name(f"{path.name}.1"), tail(path, 1000))
        os.truncate(path, 0)
