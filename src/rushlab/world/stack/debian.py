"""Servers out of Debian's or Ubuntu's packages: downloaded and unpacked into a folder, nothing is installed.

No maintainer script runs, no system service starts, no root is needed. The libraries the packages need and this
machine lacks are found by apt's own resolver (`--simulate`), so no name of a library package stands here, and `ldd`
has the last word.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from rushlab.model.errors import StackError
from rushlab.world.stack.backend import Step
from rushlab.world.stack.processes import Launch, Processes

PACKAGES = (
    "mariadb-server-core",
    "mariadb-client-core",
    "redis-server",
    "redis-tools",
    "prometheus",
    "prometheus-mysqld-exporter",
    "prometheus-redis-exporter",
)
PROGRAMS = (
    "usr/sbin/mariadbd",
    "usr/bin/mariadb",
    "usr/bin/my_print_defaults",
    "usr/bin/redis-server",
    "usr/bin/redis-cli",
    "usr/bin/prometheus",
    "usr/bin/promtool",
    "usr/bin/prometheus-mysqld-exporter",
    "usr/bin/prometheus-redis-exporter",
)
#: What fetching takes; every Debian and Ubuntu has it, however small.
TOOLS = ("apt-get", "dpkg-deb", "ldd")
#: The C library belongs to the dynamic loader of this machine; another one cannot be mixed in.
_NEVER = ("libc6", "libc-bin")
_INSTALL_LINE = re.compile(
    r"^Inst (?P<name>[^\s:]+)(?::\S+)? (?:\[[^]]*\] )?\((?P<version>\S+) .*\[(?P<arch>\w+)\]\)", re.MULTILINE
)
_TIMEOUT_S = 900


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution this machine runs."""

    distribution: str  # debian, ubuntu
    codename: str  # bookworm, trixie, noble
    architecture: str  # x86_64, aarch64


class Package(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    architecture: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an unpacked folder consists of."""

    schema: int = 1
    system: System
    packages: tuple[str, ...]  # file names, which carry the version


def system() -> System:
    """What /etc/os-release and the kernel say."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    return System(
        distribution=release.get("ID", "unknown"),
        codename=release.get("VERSION_CODENAME", release.get("VERSION_ID", "unknown")),
        architecture=platform.machine(),
    )


def folder_name(where: System) -> str:
    """One folder per distribution, architecture and set of packages."""
    names = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:8]
    return f"{where.distribution}-{where.codename}-{where.architecture}-{names}"


def fetch(folder: Path, where: System, processes: Processes, step: Step) -> str:
    """Download and unpack everything into `folder`; the manifest's JSON.

    Raises
    ------
    StackError
        There is no apt here, a package cannot be had, or a library is still missing.
    """
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise StackError(
                "The servers cannot be fetched",
                f"{tool} is missing, and they come out of Debian's or Ubuntu's packages",
                "Use a Debian or Ubuntu machine, or the docker or remote backend.",
            )
    archives = folder / "archives"
    archives.mkdir()
    step("downloading MariaDB, Redis, Prometheus and exporters (35 MB)")
    Apt(folder / "apt", archives, processes, step).download()
    files = sorted(archives.glob("*.deb"))
    step(f"unpacking {len(files)} packages")
    for file in files:
        _run(processes, "dpkg-deb", ["dpkg-deb", "-x", str(file), str(folder)])
    missing = missing_libraries(folder)
    if missing:
        raise StackError("The servers would not run here", f"libraries are missing: {', '.join(missing)}")
    names = tuple(file.name for file in files)
    shutil.rmtree(archives)
    shutil.rmtree(folder / "apt", ignore_errors=True)
    return msgspec.json.format(msgspec.json.encode(Manifest(system=where, packages=names))).decode()


class Apt:
    """apt-get for whoever calls it: the system's package lists where they serve, own ones where they do not."""

    def __init__(self, state: Path, archives: Path, processes: Processes, step: Step) -> None:
        self._state, self._archives, self._processes, self._step = state, archives, processes, step
        # As root, apt would hand the download to a user who may not enter this folder.
        self._options = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []

    def download(self) -> None:
        try:
            self._download()
        except StackError:  # no lists (a fresh system), or lists older than the archive
            self._own_lists()
            self._download()

    def _download(self) -> None:
        plan = self._get("install", "--simulate", "--no-install-recommends", "--no-remove", *PACKAGES)
        needed = [f"{one.name}={one.version}" for one in needed_packages(plan)]
        known = {one.partition("=")[0] for one in needed}
        self._get("download", *needed, *(name for name in PACKAGES if name not in known), folder=self._archives)

    def _own_lists(self) -> None:
        self._step("updating the package lists (own copy, the system's stay as they are)")
        for folder in ("lists/partial", "cache/archives/partial"):
            (self._state / folder).mkdir(parents=True, exist_ok=True)
        own = {"Dir::State::lists": "lists", "Dir::Cache": "cache"}
        self._options += [word for key, name in own.items() for word in ("-o", f"{key}={self._state / name}/")]
        self._get("update")

    def _get(self, *words: str, folder: Path | None = None) -> str:
        command = ["apt-get", "-q", *self._options, *words]
        if folder is not None:  # `apt-get download` writes into the current folder
            command = ["sh", "-c", 'cd "$0" && exec "$@"', str(folder), *command]
        return _run(self._processes, f"apt-get {words[0]}", command)


def needed_packages(plan: str) -> list[Package]:
    """The packages to unpack, from the output of `apt-get install --simulate`.

    Those without machine code (fonts, scripts of web pages, configuration) are not needed to run a server, unless
    they were named.
    """
    packages = [
        Package(name=match["name"], version=match["version"], architecture=match["arch"])
        for match in _INSTALL_LINE.finditer(plan)
    ]
    return [one for one in packages if one.name not in _NEVER and (one.architecture != "all" or one.name in PACKAGES)]


def library_path(folder: Path) -> dict[str, str]:
    """LD_LIBRARY_PATH into the unpacked packages."""
    return {"LD_LIBRARY_PATH": ":".join(str(path) for path in _library_folders(folder))}


def _library_folders(folder: Path) -> Iterable[Path]:
    for base in (folder / "usr/lib", folder / "lib"):
        yield from sorted(base.glob("*-linux-gnu*"))
        if base.is_dir():
            yield base


def missing_libraries(folder: Path) -> list[str]:
    """Libraries (or versions of them) that the unpacked programs need and neither folder nor machine has."""
    found: set[str] = set()
    for program in PROGRAMS:
        found.update(missing_in(_ldd(folder / program, folder)))
    return sorted(found)


def missing_in(ldd_output: str) -> list[str]:
    """What `ldd` reports as not found."""
    libraries = re.findall(r"^\s*(\S+) => not found", ldd_output, re.MULTILINE)
    versions = re.findall(r"version `([^']+)' not found", ldd_output)
    return sorted({*libraries, *versions})


def _ldd(program: Path, folder: Path) -> str:
    if not program.exists():
        return f"\t{program.name} => not found"
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **library_path(folder)}
    # A program without dynamic libraries (Go) makes ldd exit with 1; its output says so.
    return _output(["ldd", str(program)], environment)


def _output(command: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout + done.stderr


def _run(processes: Processes, name: str, command: Sequence[str]) -> str:
    launch = Launch(name=name, command=tuple(command), environment={"LC_ALL": "C", "LANG": "C"})
    return processes.run(launch, timeout_s=_TIMEOUT_S)
