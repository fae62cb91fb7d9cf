"""Prometheus: the time series of service, relay, consumers (each second) and exporters (every five)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests
from msgspec import Struct

from rushlab.world.stack.files import write_private
from rushlab.world.stack.ports import HOST
from rushlab.world.stack.probes import answers_http
from rushlab.world.stack.servers.base import Setup, Site


class Prometheus(Struct, frozen=True):
    """`prometheus` on loopback; its targets are files that a reset rewrites."""

    site: Site
    name: str = "prometheus"
    timeout_s: float = 60  # replaying its log after a crash takes a while

    @property
    def port(self) -> int:
        return self.site.ports["prometheus"]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def awaited(self) -> str:
        return f"2xx from {self.url}/-/ready"

    @property
    def hint(self) -> str:
        return f"If its data is damaged, run `rushlab down` and remove {self._folder}."

    @property
    def _folder(self) -> Path:
        return self.site.folder(self.name)

    def files(self) -> Mapping[Path, str]:
        text = self.site.render("prometheus/prometheus.yml", targets=json.dumps(str(self._folder / "targets"))[1:-1])
        return {self._folder / "prometheus.yml": text}

    def setup(self) -> Setup | None:
        return None

    def command(self) -> tuple[str, ...]:
        return (
            self.site.tools.program("prometheus"),
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            "--storage.tsdb.retention.time=15d",
            "--storage.tsdb.retention.size=1GB",
            # Not in its --help: how long a changed list of targets waits for the scrapers, 5 s if unsaid.
            "--scrape.discovery-reload-interval=1s",
            f"--web.listen-address={HOST}:{self.port}",
            "--log.level=warn",
        )

    def environment(self) -> dict[str, str]:
        return self.site.tools.libraries()

    def probe(self) -> str | None:
        return answers_http(f"{self.url}/-/ready")

    def version(self) -> str:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{self.url}/api/v1/status/buildinfo", timeout=5).json()
        return str(answer["data"]["version"])

    def aim(self, group: str, targets: Sequence[Target]) -> None:
        """Rewrite the targets of a group (`coupons` or `exporters`); Prometheus notices by itself."""
        entries = [
            {"targets": [one.address], "labels": {"role": one.role, "instance": one.instance}} for one in targets
        ]
        write_private(self._folder / "targets" / f"{group}.json", json.dumps(entries, indent=1), mode=0o644)


class Target(Struct, frozen=True, kw_only=True):
    """One /metrics endpoint."""

    address: str  # host:port
    role: str  # service, relay, consumer, mysqld-exporter, redis-exporter
    instance: str
