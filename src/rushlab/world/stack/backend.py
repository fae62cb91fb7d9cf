"""What a stack backend offers; `native` is the default, `docker` and `remote` come beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from rushlab.model.variant import Variant

#: Called with one short line per step ("starting Kafka", "ready in 3.4 s").
Step = Callable[[str], None]


class Endpoints(Struct, frozen=True, kw_only=True):
    """Where the servers listen (host:port or URL, always loopback under `native`)."""

    database: str  # SQLAlchemy URL of the coupons database, synchronous driver (mysql+pymysql://…)
    redis: str  # redis://…
    kafka: str  # host:port
    prometheus: str  # http://…


class Target(Struct, frozen=True, kw_only=True):
    """A freshly reset service, ready to be driven."""

    service: str  # base URL for k6
    coupon_id: int
    stock: int
    topic: str
    group: str
    metrics: dict[str, tuple[str, ...]]  # role (service, relay, consumer) → /metrics URLs
    knobs: dict[str, Any]


class ServerStatus(Struct, frozen=True, kw_only=True):
    """One process of the stack, as `rushlab status` prints it."""

    name: str
    state: str  # running, stopped, starting
    pid: int | None
    port: int | None
    version: str | None


class Backend(Protocol):
    """A stack: its servers, and the service processes on top of them."""

    name: str

    def up(self, step: Step) -> Endpoints:
        """Start every server that is not running and wait until each answers (StackError otherwise)."""

    def endpoints(self) -> Endpoints:
        """Where the servers listen since `up`; starts nothing, so a dead server stays visibly dead."""

    def reset(self, variant: Variant, *, stock: int, step: Step) -> Target:
        """Fresh state: empty database and Redis, a new topic and group, service processes with these knobs."""

    def drain(self, target: Target, *, timeout_s: float, step: Step) -> float | None:
        """Wait until every accepted coupon is confirmed; the epoch second of that, None after the time-out.

        StackError or StorageError when nobody can be asked.
        """

    def down(self, step: Step) -> None:
        """Stop everything that this stack started, and nothing else."""

    def running(self) -> list[ServerStatus]:
        """The processes that run now, at the cost of a look: no server is asked for anything, no version is told."""

    def status(self) -> list[ServerStatus]:
        """Every process of the stack."""

    def log_tail(self, name: str, lines: int = 20) -> str:
        """Last lines of a server's log."""

    def versions(self) -> Mapping[str, str]:
        """Server → version, as the server itself says it."""
