"""What the stack consists of, and how it comes into the cache folder: fetched once, whole or not at all.

Servers are taken out of the distribution's packages and never from the PATH, even where they are installed: the cache
holds one known set for every user, and a system service's configuration cannot leak in.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from rushlab.model.errors import StackError
from rushlab.world.files import storage
from rushlab.world.stack import debian, java, kafka_archive, kafka_jars
from rushlab.world.stack.backend import Step
from rushlab.world.stack.files import make_folder, write_private
from rushlab.world.stack.processes import Processes

#: Written last into a folder that is whole.
MANIFEST = "manifest.json"


class Tools(Struct, frozen=True, kw_only=True):
    """Where the programs are."""

    debian: Path  # root of the unpacked packages
    kafka: Path  # folder of Kafka's jars
    kafka_archive: Path  # Kafka's loaded classes; Java does without when the file is not there
    java: Path  # the java program

    def program(self, name: str) -> str:
        """Path of a program out of the unpacked packages."""
        for folder in ("usr/sbin", "usr/bin"):
            path = self.debian / folder / name
            if path.exists():
                return str(path)
        raise StackError(f"The program {name} is missing", f"it is not in {self.debian}", f"Remove {self.debian}.")

    def libraries(self) -> dict[str, str]:
        """The environment in which these programs find their libraries."""
        return debian.library_path(self.debian)


def provide(cache: Path, root: Path, processes: Processes, step: Step) -> Tools:
    """Everything the native stack runs, fetched when it is not in the cache; needs no network otherwise.

    Raises
    ------
    StackError
        Something cannot be had; the message says how to get it.
    """
    system = debian.system()
    unpacked = cache / debian.folder_name(system)
    if (unpacked / MANIFEST).exists() and debian.missing_libraries(unpacked):
        step("a library of the system is gone, fetching the servers again")
        with storage(unpacked), cache_lock(cache):
            shutil.rmtree(unpacked)
    install(cache, unpacked, lambda folder: debian.fetch(folder, system, processes, step))
    jars = cache / kafka_jars.folder_name(root)
    runtime = java.find()
    install(cache, jars, lambda folder: kafka_jars.fetch(folder, root, runtime, processes, step))
    classes = cache / kafka_archive.folder_name(root, runtime)
    libraries = jars / "libs"
    install(
        cache,
        classes,
        lambda folder: kafka_archive.make(folder, root, libraries, runtime, processes=processes, step=step),
    )
    return Tools(debian=unpacked, kafka=libraries, kafka_archive=classes / kafka_archive.FILE, java=runtime)


def install(cache: Path, folder: Path, fill: Callable[[Path], str]) -> None:
    """Fill a folder beside its place and rename it when whole; what a killed workbench left is thrown away first."""
    if (folder / MANIFEST).exists():
        return
    make_folder(cache)
    with cache_lock(cache), storage(folder):
        if (folder / MANIFEST).exists():
            return
        for stale in (*cache.glob(".partial-*"), folder):
            shutil.rmtree(stale, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=cache))
        try:
            write_private(partial / MANIFEST, fill(partial), mode=0o644)
            partial.chmod(0o755)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def cache_lock(cache: Path) -> Iterator[None]:
    """One workbench fills the cache at a time; the others wait for it."""
    with storage(cache):
        descriptor = os.open(cache / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
