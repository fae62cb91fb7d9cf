"""Exporters: what database, Redis and the processes themselves cost and do, as Prometheus reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import requests
from msgspec import Struct

from rushlab import __version__
from rushlab.world.stack.interpreter import own_environment, python_command
from rushlab.world.stack.ports import HOST
from rushlab.world.stack.probes import answers_http
from rushlab.world.stack.servers.base import Setup, Site


class MysqldExporter(Struct, frozen=True):
    """`prometheus-mysqld-exporter`, as a database user who may only look."""

    site: Site
    name: str = "mysqld-exporter"
    timeout_s: float = 20
    hint: str = "Look into its log and into that of mariadb."

    @property
    def port(self) -> int:
        return self.site.ports[self.name]

    @property
    def awaited(self) -> str:
        return f"mysql_up 1 from {HOST}:{self.port}/metrics"

    @property
    def _file(self) -> Path:
        return self.site.folder(self.name) / "client.cnf"

    def files(self) -> Mapping[Path, str]:
        password, port = self.site.passwords.exporter, self.site.ports["database"]
        return {self._file: f"[client]\nhost={HOST}\nport={port}\nuser=exporter\npassword={password}\n"}

    def setup(self) -> Setup | None:
        return None

    def command(self) -> tuple[str, ...]:
        return (
            self.site.tools.program("prometheus-mysqld-exporter"),
            f"--config.my-cnf={self._file}",
            f"--web.listen-address={HOST}:{self.port}",
            "--no-collect.slave_status",
            "--log.level=warn",
        )

    def environment(self) -> dict[str, str]:
        return self.site.tools.libraries()

    def probe(self) -> str | None:
        return _shows(self.port, "mysql_up 1")

    def version(self) -> str:
        return _version(self.port, "mysqld_exporter_build_info")


class RedisExporter(Struct, frozen=True):
    """`prometheus-redis-exporter`."""

    site: Site
    name: str = "redis-exporter"
    timeout_s: float = 20
    hint: str = "Look into its log and into that of redis."

    @property
    def port(self) -> int:
        return self.site.ports[self.name]

    @property
    def awaited(self) -> str:
        return f"redis_up 1 from {HOST}:{self.port}/metrics"

    def files(self) -> Mapping[Path, str]:
        return {}

    def setup(self) -> Setup | None:
        return None

    def command(self) -> tuple[str, ...]:
        return (
            self.site.tools.program("prometheus-redis-exporter"),
            f"--redis.addr=redis://{HOST}:{self.site.ports['redis']}",
            f"--web.listen-address={HOST}:{self.port}",
        )

    def environment(self) -> dict[str, str]:
        return self.site.tools.libraries()

    def probe(self) -> str | None:
        return _shows(self.port, "redis_up 1")

    def version(self) -> str:
        return _version(self.port, "redis_exporter_build_info")


class ProcessExporter(Struct, frozen=True):
    """CPU time, memory and waits of every process of the stack, and the broker's JVM (`process_exporter`)."""

    site: Site
    name: str = "process-exporter"
    timeout_s: float = 20
    hint: str = "Look into its log."

    @property
    def port(self) -> int:
        return self.site.ports[self.name]

    @property
    def awaited(self) -> str:
        return f"rushlab_process_cpu_seconds_total from {HOST}:{self.port}/metrics"

    def files(self) -> Mapping[Path, str]:
        return {}

    def setup(self) -> Setup | None:
        return None

    def command(self) -> tuple[str, ...]:
        module = "rushlab.world.stack.process_exporter"
        return (*python_command(module), str(self.site.home), str(self.port))

    def environment(self) -> dict[str, str]:
        return own_environment()

    def probe(self) -> str | None:
        return _shows(self.port, 'rushlab_process_cpu_seconds_total{process="')

    def version(self) -> str:
        return __version__


def _shows(port: int, line: str) -> str | None:
    url = f"http://{HOST}:{port}/metrics"
    state = answers_http(url, lambda response: line in response.text)
    return f"{line} is not in {url}" if state is not None and state.startswith("HTTP 200") else state


def _version(port: int, metric: str) -> str:
    with requests.Session() as session:
        session.trust_env = False
        text = session.get(f"http://{HOST}:{port}/metrics", timeout=5).text
    return version_in(text, metric)


def version_in(text: str, metric: str) -> str:
    """The version label of a `…_build_info` metric, "unknown" when the page has none."""
    match = re.search(rf'^{metric}\{{(?:[^}}]*,)?version="([^"]+)"', text, re.MULTILINE)
    return match[1] if match else "unknown"
