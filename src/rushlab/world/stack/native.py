"""The native backend: every server a process of the user, nothing installed, nothing left behind."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import pymysql
import redis

from rushlab.model.errors import StackError
from rushlab.model.variant import Variant, unknown
from rushlab.world.settings import Settings
from rushlab.world.stack import database, java, passwords, provision
from rushlab.world.stack.backend import Endpoints, ServerStatus, Step, Target
from rushlab.world.stack.files import tail
from rushlab.world.stack.logs import failure, last_lines
from rushlab.world.stack.marks import Running
from rushlab.world.stack.mounts import mounted_below, unmount
from rushlab.world.stack.ports import DEFAULTS, HOST, PortBook
from rushlab.world.stack.processes import Processes
from rushlab.world.stack.reset import ROLES, fresh_state, processes_of
from rushlab.world.stack.servers.base import Server, Site
from rushlab.world.stack.servers.exporters import MysqldExporter, ProcessExporter, RedisExporter
from rushlab.world.stack.servers.kafka import Kafka
from rushlab.world.stack.servers.mariadb import MariaDB
from rushlab.world.stack.servers.prometheus import Prometheus
from rushlab.world.stack.servers.prometheus import Target as ScrapeTarget
from rushlab.world.stack.servers.redis import Redis
from rushlab.world.stack.starting import bring_up, with_free_ports

#: Listeners of the servers that `up` starts, and the process that holds each.
_LISTENERS = {
    "database": "mariadb",
    "redis": "redis",
    "kafka": "kafka",
    "kafka-controller": "kafka",
    "prometheus": "prometheus",
    "mysqld-exporter": "mysqld-exporter",
    "redis-exporter": "redis-exporter",
    "process-exporter": "process-exporter",
}
#: Who is stopped first: those that use before those that are used.
_STOP_ORDER = (
    ("service", "relay", "consumer"),
    ("mysqld-exporter", "redis-exporter", "process-exporter", "prometheus"),
    ("kafka", "redis", "mariadb"),
)


class NativeBackend:
    """Servers as processes of this user, from unpacked packages; `settings` says in which folders and on which ports.

    Calls that start or stop something belong inside `lock.workbench_lock(settings.home)`.
    """

    name = "native"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home, self._root = settings.home.resolve(), settings.root.resolve()
        self._cache = settings.cache_folder.resolve()
        self.processes = Processes(self._home)
        self._provided: provision.Tools | None = None

    def up(self, step: Step) -> Endpoints:
        """Start every server that is not running and wait until each answers; the first time, fetch them.

        Raises
        ------
        StackError
            A server cannot be had or did not come up, or a port that was asked for is taken (PortTaken).
        StorageError
            A folder cannot be written, or the disk is full.
        """
        if mounted_below(self._home / "servers"):
            step("clearing away the disks of a run that was killed")
            self.down(step)
        return _endpoints(self._running_site(step))

    def endpoints(self) -> Endpoints:
        """Where the servers listen since `up`; starts nothing."""
        return _endpoints(self._known_site())

    def data_folder(self, name: str) -> Path:
        """Where a server keeps its data; one that keeps none has no such folder."""
        return self._known_site().folder(name) / "data"

    def reset(self, variant: Variant, *, stock: int, step: Step) -> Target:
        """Empty database and Redis, a new topic and group, service processes with these knobs, one coupon.

        Servers that died since `up` are started again.

        Raises
        ------
        StackError
            A server refused, or a process of the service did not come up.
        """
        site = self._running_site(step)
        return fresh_state(site, self._book(site.ports), self.processes, variant, stock=stock, step=step)

    def revive(self, name: str, target: Target, step: Step) -> None:
        """Start one process of a running stack again with what it had on disk; nothing is reset.

        Raises
        ------
        StackError
            It did not come up.
        """
        site = self._known_site()
        every = [*(server for group in _servers(site) for server in group)]
        coupons = processes_of(site, self._book(), target)
        bring_up([one for one in (*every, *coupons) if one.name == name], self.processes, step)

    def drain(self, target: Target, *, timeout_s: float, step: Step) -> float | None:
        """Wait until every accepted coupon is confirmed; the epoch second of that, None after the time-out.

        Raises
        ------
        StackError
            The database does not answer (StorageError when its log tells of a full disk).
        """
        site = self._known_site()
        try:
            ended = database.wait_confirmed(site, timeout_s)
            if ended is None:
                pending, unconfirmed = database.unfinished(site)
                step(f"not drained after {timeout_s:.0f} s: {pending} not sent, {unconfirmed} not confirmed")
        except StackError as error:
            log = self.processes.log(MariaDB(site).name)
            why = f"{error.why}; its log ends: {last_lines(log, 1).strip()}"
            raise failure("The database could not be asked what is confirmed", why, log) from error
        return ended

    def down(self, step: Step) -> None:
        """Stop every process that carries this workbench's mark, and nothing else; what a killed run mounted comes off.

        Raises
        ------
        StackError
            A process cannot be stopped, or a file system not be unmounted.
        """
        for group in _in_stop_order(self.processes.found()):
            step(f"stopping {', '.join(sorted(one.name for one in group))}")
            self.processes.stop(group, grace_s=20)
        for point in mounted_below(self._home / "servers"):
            unmount(point)

    def running(self) -> list[ServerStatus]:
        """The processes that run now; no server is asked for anything, no version is told."""
        found = self.processes.found()
        return [ServerStatus(name=one.name, state="running", pid=one.pid, port=one.port, version=None) for one in found]

    def status(self) -> list[ServerStatus]:
        """Every process of the stack: those that run, and those that should."""
        found = self.processes.found()
        versions = self.versions() if found else {}
        names = {one.name for one in found}
        lost = [one for one in self.processes.recorded() if one.name not in names]
        return [
            *(
                ServerStatus(name=one.name, state="running", pid=one.pid, port=one.port, version=versions.get(one.name))
                for one in found
            ),
            *(ServerStatus(name=one.name, state="stopped", pid=None, port=one.port, version=None) for one in lost),
        ]

    def log_tail(self, name: str, lines: int = 20) -> str:
        """Last lines of a server's log (UsageError with the nearest name when there is none of that name)."""
        names = {*_LISTENERS.values(), *(log.stem for log in self.processes.logs.glob("*.log"))}
        if name not in names:
            raise unknown("Server", name, sorted(names))
        return tail(self.processes.log(name), lines)

    def versions(self) -> Mapping[str, str]:
        """Server → version, as the server itself says it; those that do not run or do not answer are left out."""
        site = self._known_site()
        running = {one.name for one in self.processes.found()}
        versions = {"python": platform.python_version(), "java": java.version_of(site.tools.java) or "unknown"}
        for server in (server for group in _servers(site) for server in group):
            if server.name in running and (version := _version(server)):
                versions[server.name] = version
        return versions

    def _running_site(self, step: Step) -> Site:
        self._stop_helpers()
        site = with_free_ports(lambda: self._start(step))
        Prometheus(site).aim("exporters", [_exporter(server) for server in _servers(site)[1]])
        return site

    def _start(self, step: Step) -> Site:
        site = self._site(step)
        for group in _servers(site):
            bring_up(group, self.processes, step)
        return site

    def _stop_helpers(self) -> None:
        """End downloads and preparations of a workbench that was killed."""
        known = (*_LISTENERS.values(), *ROLES)
        self.processes.stop([one for one in self.processes.found() if not _belongs(one, known)], grace_s=2)

    def _site(self, step: Step) -> Site:
        """Where everything is, with a port for each server."""
        tools = self._tools(step)
        book = self._book()
        remembered = book.remembered()
        running = {one.name for one in self.processes.found()}
        ports = {
            listener: book.choose(
                listener, step, held=remembered.get(listener) if process in running else None, keep=bool(running)
            )
            for listener, process in _LISTENERS.items()
        }
        book.remember()
        return self._at(tools, ports)

    def _known_site(self) -> Site:
        """The site of the servers that run, as `up` remembered it; nothing is chosen or started."""
        return self._at(self._known_tools, {**DEFAULTS, **self._book().remembered()})

    def _at(self, tools: provision.Tools, ports: Mapping[str, int]) -> Site:
        secret = passwords.load(self._home)
        return Site(home=self._home, root=self._root, tools=tools, ports=ports, passwords=secret)

    def _tools(self, step: Step) -> provision.Tools:
        """Fetched and checked by the first call; a cache that was emptied since is filled again."""
        if self._provided is None or not self._provided.there():
            self._provided = provision.provide(self._cache, self._root, self.processes, step)
        return self._provided

    @cached_property
    def _known_tools(self) -> provision.Tools:
        """Where they are; nothing is fetched for someone who only looks."""
        return provision.locate(self._cache, self._root)

    def _book(self, chosen: Mapping[str, int] | None = None) -> PortBook:
        settings = self._settings
        asked = {
            "service": settings.service_port,
            "database": settings.database_port,
            "redis": settings.redis_port,
            "kafka": settings.kafka_port,
            "prometheus": settings.prometheus_port,
            "k6": settings.k6_port,
        }
        return PortBook(self._home, asked, chosen or {})


def _version(server: Server) -> str | None:
    """None from a server that ends while it is asked."""
    try:
        return server.version()
    except (pymysql.MySQLError, redis.RedisError, OSError):
        return None


def _servers(site: Site) -> tuple[Sequence[Server], Sequence[Server]]:
    """Those that stand on their own, and those that watch them."""
    watched = (MariaDB(site), Redis(site), Kafka(site), Prometheus(site))
    return watched, (MysqldExporter(site), RedisExporter(site), ProcessExporter(site))


def _endpoints(site: Site) -> Endpoints:
    return Endpoints(
        database=MariaDB(site).url("mysql+pymysql"),
        redis=f"redis://{HOST}:{site.ports['redis']}/0",
        kafka=f"{HOST}:{site.ports['kafka']}",
        prometheus=Prometheus(site).url,
    )


def _exporter(server: Server) -> ScrapeTarget:
    return ScrapeTarget(address=f"{HOST}:{server.port}", role=server.name, instance=server.name)


def _in_stop_order(found: Sequence[Running]) -> list[list[Running]]:
    groups: list[list[Running]] = []
    left = list(found)
    helpers = [one for one in left if not any(_belongs(one, names) for names in _STOP_ORDER)]
    for group in (helpers, *([one for one in left if _belongs(one, names)] for names in _STOP_ORDER)):
        if group:
            groups.append(group)
    return groups


def _belongs(one: Running, names: Sequence[str]) -> bool:
    role, _, index = one.name.rpartition("-")
    return one.name in names or (index.isdigit() and role in names)
