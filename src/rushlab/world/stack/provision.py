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

import psutil
from msgspec import Struct

from rushlab.model.errors import StackError
from rushlab.world.files import storage
from rushlab.world.stack import debian, java, kafka_archive, kafka_jars
from rushlab.world.stack.backend import Step
from rushlab.world.stack.files import make_folder, write_private
from rushlab.world.stack.processes import Processes

#: Written last into a folder that is whole.
MANIFEST = "manifest.json"
_PARTIAL = ".partial-"
_OLD = ".old-"


class Tools(Struct, frozen=True, kw_only=True):
    """Where the programs are."""

    debian: Path  # root of the unpacked packages
    kafka: Path  # folder of Kafka's jars
    kafka_archive: Path  # Kafka's loaded classes; Java does without when the file is not there
    java: Path  # the java program

    def there(self) -> bool:
        """Whether the folders still are where they were."""
        return self.debian.is_dir() and self.kafka.is_dir()

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
    tools = locate(cache, root)
    runtime, libraries = tools.java, tools.kafka

    def servers(folder: Path) -> str:
        return debian.fetch(folder, system, processes, step)

    def jars(folder: Path) -> str:
        return kafka_jars.fetch(folder, root, runtime, processes, step)

    def classes(folder: Path) -> str:
        return kafka_archive.make(folder, root, libraries, runtime, processes=processes, step=step)

    install(cache, tools.debian, servers, step, runs=lambda: not debian.missing_libraries(tools.debian))
    install(cache, libraries.parent, jars, step)
    try:
        install(cache, tools.kafka_archive.parent, classes, step)
    except StackError as error:  # the next start tries again
        step(f"Kafka will start slowly: {error.what}")
    return tools


def locate(cache: Path, root: Path) -> Tools:
    """Where everything is once it was provided; nothing is fetched, made or checked."""
    runtime = java.find()
    return Tools(
        debian=cache / debian.folder_name(debian.system()),
        kafka=cache / kafka_jars.folder_name(root) / "libs",
        kafka_archive=cache / kafka_archive.folder_name(root, runtime) / kafka_archive.FILE,
        java=runtime,
    )


def install(
    cache: Path, folder: Path, fill: Callable[[Path], str], step: Step, *, runs: Callable[[], bool] = lambda: True
) -> None:
    """Fill a folder beside its place and rename it when whole; what a killed workbench left is thrown away first.

    A whole folder whose content no longer `runs` here is filled anew. Everything is decided under the lock: another
    checkout may have mended it in the meantime, and may run servers from what is there.
    """

    def there() -> bool:
        with storage(folder):
            known = (folder / MANIFEST).exists()
        return known and runs()

    if there():
        return
    make_folder(cache)
    with cache_lock(cache, step), storage(folder):
        if there():
            return
        _put_aside(cache, folder)
        partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=cache))
        try:
            write_private(partial / MANIFEST, fill(partial), mode=0o644)
            partial.chmod(0o755)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _put_aside(cache: Path, folder: Path) -> None:
    """Make room without pulling the files away from servers that run from them, perhaps another checkout's."""
    for partial in cache.glob(f"{_PARTIAL}*"):
        shutil.rmtree(partial, ignore_errors=True)
    if folder.exists():
        folder.rename(Path(tempfile.mkdtemp(prefix=_OLD, dir=cache), folder.name))
    in_use = _programs()
    for old in cache.glob(f"{_OLD}*"):
        if not any(program.is_relative_to(old) for program in in_use):
            shutil.rmtree(old, ignore_errors=True)


def _programs() -> list[Path]:
    """What this user's processes run from."""
    return [Path(process.info["exe"]) for process in psutil.process_iter(["exe"]) if process.info["exe"]]


@contextmanager
def cache_lock(cache: Path, step: Step) -> Iterator[None]:
    """One workbench fills the cache at a time; the others say that they wait for it."""
    with storage(cache):
        descriptor = os.open(cache / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            step("waiting for another workbench, which is fetching the servers")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
