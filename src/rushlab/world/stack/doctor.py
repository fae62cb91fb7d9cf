"""What this machine must offer, checked one by one; every finding that is not "ok" says what to do."""

from __future__ import annotations

import fcntl
import os
import platform
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import psutil
from msgspec import Struct

from rushlab.model.errors import RushlabError
from rushlab.world.files import free_bytes, nearest
from rushlab.world.k6_binary import find_k6, k6_version
from rushlab.world.settings import Settings
from rushlab.world.stack import debian, java, kafka_jars, ports
from rushlab.world.stack.processes import Processes
from rushlab.world.stack.provision import MANIFEST

GB = 1e9
#: A full-scale report of both presets is about a million iterations of 4 kB (plain), Kafka's and MariaDB's data beside.
_DISK_FAIL, _DISK_WARN = 1.5 * GB, 8 * GB
#: MariaDB, Kafka, service, k6 and Jupyter together, at 2,000 VUs.
_MEMORY_FAIL, _MEMORY_WARN = 2 * GB, 4 * GB
_OPEN_FILES = 4096  # 2,000 VUs are 2,000 connections, on either side
_REPORT_PORTS = ("service", "database", "redis", "kafka", "prometheus", "k6")


class Finding(Struct, frozen=True, kw_only=True):
    """One precondition."""

    name: str
    status: Literal["ok", "warn", "fail"]
    found: str
    do: str = ""


def check_all(settings: Settings) -> list[Finding]:
    """Every precondition of the native stack on this machine."""
    return [finding for check in CHECKS for finding in check(settings)]


def python(settings: Settings) -> Iterator[Finding]:
    version = platform.python_version()
    good = (3, 11) <= sys.version_info < (3, 15)
    yield _finding("Python", "ok" if good else "fail", version, "Use Python 3.11 to 3.14.")


def system(settings: Settings) -> Iterator[Finding]:
    here = debian.system()
    found = f"{here.distribution} {here.codename}, {here.architecture}"
    good = here.architecture in ("x86_64", "aarch64") and sys.platform == "linux"
    yield _finding("system", "ok" if good else "warn", found, "Tried on Linux with x86_64; others may lack packages.")


def servers(settings: Settings) -> Iterator[Finding]:
    folder = settings.cache_folder / debian.folder_name(debian.system())
    if os.path.exists(folder / MANIFEST):  # noqa: PTH110 - False below a folder that may not be entered
        missing = debian.missing_libraries(folder)
        status: Literal["ok", "warn"] = "warn" if missing else "ok"
        yield _finding("servers", status, f"in {folder}" + _list(", without ", missing), "`rushlab up` fetches them.")
        return
    lacking = [tool for tool in debian.TOOLS if shutil.which(tool) is None]
    found = "not fetched yet" + _list(", and there is no ", lacking)
    do = "Use a Debian or Ubuntu machine." if lacking else "`rushlab up` fetches them (35 MB)."
    yield _finding("servers", "fail" if lacking else "warn", found, do)


def kafka(settings: Settings) -> Iterator[Finding]:
    folder = settings.cache_folder / kafka_jars.folder_name(settings.root)
    if os.path.exists(folder / MANIFEST):  # noqa: PTH110 - False below a folder that may not be entered
        yield _finding("Kafka", "ok", f"in {folder}")
    elif shutil.which("mvn") is None:
        yield _finding("Kafka", "fail", "not fetched yet, and Maven (mvn) is not on the PATH", kafka_jars.HELP)
    else:
        yield _finding("Kafka", "warn", "not fetched yet", "`rushlab up` fetches it with Maven (54 MB).")


def java_runtime(settings: Settings) -> Iterator[Finding]:
    try:
        path = java.find()
    except RushlabError as error:
        yield _finding("Java", "fail", error.why, error.do)
        return
    yield _finding("Java", "ok", f"{java.version_of(path)} ({path})")


def k6(settings: Settings) -> Iterator[Finding]:
    try:
        path = find_k6()
        yield _finding("k6", "ok", f"{k6_version(path)} ({path})")
    except RushlabError as error:
        yield _finding("k6", "fail", error.why or error.what, error.do)


def cores(settings: Settings) -> Iterator[Finding]:
    count = len(os.sched_getaffinity(0))
    do = "The load generator and the servers share it: figures will be low."
    yield _finding("cores", "ok" if count >= 2 else "warn", str(count), do)


def memory(settings: Settings) -> Iterator[Finding]:
    available = psutil.virtual_memory().available
    status = _level(available, _MEMORY_FAIL, _MEMORY_WARN)
    yield _finding("memory", status, f"{available / GB:.1f} GB available", "Close other programs.")


def disk(settings: Settings) -> Iterator[Finding]:
    for name, path in _folders(settings):
        free = free_bytes(path)
        do = "Free some space; k6's points alone need about 4 kB per iteration."
        yield _finding(f"disk, {name}", _level(free, _DISK_FAIL, _DISK_WARN), f"{free / GB:.1f} GB free", do)


def folders(settings: Settings) -> Iterator[Finding]:
    for name, path in _folders(settings):
        place = nearest(path)
        good = place.is_dir() and os.access(place, os.W_OK | os.X_OK, effective_ids=True)
        found = f"{path} can {'' if good else 'not '}be written"
        do = f"Make it writable, or name another one with RUSHLAB_{name.upper()}."
        yield _finding(f"folder, {name}", "ok" if good else "fail", found, do)


def open_files(settings: Settings) -> Iterator[Finding]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = hard == resource.RLIM_INFINITY or hard >= _OPEN_FILES
    found = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    yield _finding("open files", "ok" if good else "warn", found, f"Raise the hard limit: ulimit -Hn {_OPEN_FILES}.")


def listeners(settings: Settings) -> Iterator[Finding]:
    own = {one.port for one in Processes(settings.home).found()}
    for name in _REPORT_PORTS:
        asked: int | None = getattr(settings, f"{name}_port")
        port = asked or ports.DEFAULTS[name]
        if port in own:
            yield _finding(f"port, {name}", "ok", f"{port}, this workbench listens there")
        elif ports.is_free(port):
            yield _finding(f"port, {name}", "ok", f"{port} is free")
        elif asked is None:
            do = "The next free port will be used."
            yield _finding(f"port, {name}", "warn", f"{port} is taken by {ports.owner(port)}", do)
        else:
            do = f"Stop it, or unset RUSHLAB_{name.upper()}_PORT."
            yield _finding(f"port, {name}", "fail", f"{port} is taken by {ports.owner(port)}", do)


def leftovers(settings: Settings) -> Iterator[Finding]:
    found = sorted({one.name for one in Processes(settings.home).found()})
    if not found:
        yield _finding("processes", "ok", "none of this workbench")
    elif _in_use(settings.home / "lock"):
        yield _finding("processes", "ok", f"a workbench is at work here: {', '.join(found)}")
    else:
        do = "`rushlab down` stops them; a new start uses or replaces them."
        yield _finding("processes", "warn", f"left running: {', '.join(found)}", do)


Check = Callable[[Settings], Iterator[Finding]]

#: What `check_all` looks at, in the order in which it is printed.
CHECKS: tuple[Check, ...] = (
    *(python, system, servers, kafka, java_runtime, k6),
    *(cores, memory, disk, folders, open_files),
    *(listeners, leftovers),
)


def _finding(name: str, status: Literal["ok", "warn", "fail"], found: str, do: str = "") -> Finding:
    return Finding(name=name, status=status, found=found, do="" if status == "ok" else do)


def _level(value: float, fail: float, warn: float) -> Literal["ok", "warn", "fail"]:
    if value < fail:
        return "fail"
    return "warn" if value < warn else "ok"


def _folders(settings: Settings) -> list[tuple[str, Path]]:
    return [("state", settings.home), ("data", settings.data_folder), ("cache", settings.cache_folder)]


def _list(before: str, names: list[str]) -> str:
    return before + ", ".join(names) if names else ""


def _in_use(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
