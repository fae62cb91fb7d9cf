"""Redis: an admission filter. Nothing is written to disk: the service rebuilds it from the database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import redis
from msgspec import Struct

from rushlab.world.stack.ports import HOST
from rushlab.world.stack.probes import answers_redis
from rushlab.world.stack.servers.base import Setup, Site


class Redis(Struct, frozen=True):
    """`redis-server` on loopback, in memory only."""

    site: Site
    name: str = "redis"
    timeout_s: float = 20
    hint: str = "Look into its log; `rushlab doctor` checks memory and ports."

    @property
    def port(self) -> int:
        return self.site.ports["redis"]

    @property
    def awaited(self) -> str:
        return f"an answer to PING on {HOST}:{self.port}"

    @property
    def _folder(self) -> Path:
        return self.site.folder(self.name)

    def files(self) -> Mapping[Path, str]:
        text = self.site.render("redis/redis.conf", host=HOST, port=self.port, folder=self._folder)
        return {self._folder / "redis.conf": text}

    def setup(self) -> Setup | None:
        return None

    def command(self) -> tuple[str, ...]:
        return (self.site.tools.program("redis-server"), str(self._folder / "redis.conf"))

    def environment(self) -> dict[str, str]:
        return self.site.tools.libraries()

    def probe(self) -> str | None:
        return answers_redis(self.port)

    def version(self) -> str:
        with redis.Redis(host=HOST, port=self.port, socket_timeout=5) as client:
            return str(client.info("server")["redis_version"])
