"""The coupon service's own processes: service, relay, consumers, each told everything by its environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from rushlab.model.variant import KnobValue, Variant
from rushlab.world.stack.interpreter import python_command, python_environment
from rushlab.world.stack.ports import HOST
from rushlab.world.stack.probes import answers_http
from rushlab.world.stack.servers.base import Setup, Site
from rushlab.world.stack.servers.mariadb import MariaDB

#: How long a process may take to become ready, and how much longer for each that starts beside it.
START_S = 20.0
EACH_MORE_S = 1.5


class Wiring(Struct, frozen=True, kw_only=True):
    """What one run's processes have in common."""

    knobs: dict[str, KnobValue]
    topic: str
    group: str


class CouponProcess(Struct, frozen=True, kw_only=True):
    """`python -m coupons.<role>`; ready when it says so itself."""

    site: Site
    wiring: Wiring
    role: str  # service, relay, consumer
    name: str  # service, relay, consumer-0, …
    port: int
    metrics_port: int
    index: int = 0
    timeout_s: float = START_S

    @property
    def awaited(self) -> str:
        return f"2xx from {self._url}/health/ready"

    @property
    def hint(self) -> str:
        return "Its log says which of database, Redis and Kafka it misses; `rushlab doctor` checks the rest."

    @property
    def _url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def metrics(self) -> tuple[str, ...]:
        """The /metrics URLs; several workers of a service have one each."""
        workers = int(self.wiring.knobs.get("workers", 1)) if self.role == "service" else 1
        if workers == 1:
            return (f"{self._url}/metrics",)
        return tuple(f"http://{HOST}:{self.metrics_port + worker}/metrics" for worker in range(workers))

    def files(self) -> Mapping[Path, str]:
        return {}

    def setup(self) -> Setup | None:
        return None

    def command(self) -> tuple[str, ...]:
        return python_command(f"coupons.{self.role}")

    def environment(self) -> dict[str, str]:
        told = {
            "HOST": HOST,
            "PORT": self.port,
            "METRICS_PORT": self.metrics_port,
            "CONSUMER_INDEX": self.index,
            "TOPIC": self.wiring.topic,
            "GROUP": self.wiring.group,
            **{name.upper(): _text(value) for name, value in self.wiring.knobs.items()},
        }
        own = {f"COUPONS_{key}": str(value) for key, value in told.items()}
        return python_environment(self.site.root) | connections(self.site) | own

    def probe(self) -> str | None:
        """Every worker of a service has to be ready, not only the one that takes the call."""
        own = (url.removesuffix("/metrics") for url in self.metrics)
        return next((state for url in own if (state := answers_http(f"{url}/health/ready"))), None)

    def version(self) -> str:
        return "this checkout"


def connections(site: Site) -> dict[str, str]:
    """Where a process of the service finds database, Redis and Kafka."""
    return {
        "COUPONS_DATABASE_URL": MariaDB(site).url("mysql"),
        "COUPONS_REDIS_URL": f"redis://{HOST}:{site.ports['redis']}/0",
        "COUPONS_KAFKA": f"{HOST}:{site.ports['kafka']}",
    }


def coupon_processes(site: Site, wiring: Wiring, ports: Mapping[str, int]) -> Sequence[CouponProcess]:
    """The processes of a run, the service first; `ports` has one per name, and `service-metrics`."""

    names = consumer_names(wiring.knobs)
    timeout_s = START_S + EACH_MORE_S * len(names)

    def process(role: str, name: str, index: int = 0) -> CouponProcess:
        port = ports[name]
        metrics = ports["service-metrics"] if role == "service" else port
        return CouponProcess(
            site=site,
            wiring=wiring,
            role=role,
            name=name,
            port=port,
            metrics_port=metrics,
            index=index,
            timeout_s=timeout_s,
        )

    consumers = [process("consumer", name, index) for index, name in enumerate(names)]
    return [process("service", "service"), process("relay", "relay"), *consumers]


def consumer_names(knobs: Mapping[str, KnobValue]) -> list[str]:
    """consumer-0, consumer-1, …"""
    return [f"consumer-{index}" for index in range(int(knobs.get("consumers", 1)))]


def wiring(variant: Variant, *, stock: int, topic: str, group: str) -> Wiring:
    """The knobs of a variant with this run's stock."""
    return Wiring(knobs={**variant.settings, "stock": stock}, topic=topic, group=group)


def _text(value: KnobValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
