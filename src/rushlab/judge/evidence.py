"""What the audit judges: the database, the topic and Redis after the drain, as frames and facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pandas as pd

from rushlab.judge.ids import NONE, Ids, as_ids
from rushlab.model.run import Fault

#: What the service counts since it started.
COUNTS = ("service_requests", "given_back", "redis_rebuilds")
FRAMES = ("issues", "outbox", "topic", "effects", "dead", "samples")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AuditEvidence:
    """Everything that was found of one coupon after the drain; None = could not be had.

    Frames (ids are int64, moments epoch seconds):

    - `issues`: one row per issue row: user_id, event_id, accepted_at, confirmed_at, confirmations
    - `outbox`: one row per outbox row: event_id, user_id, status (0 pending, 1 sent), position (its id), sent_at
    - `topic`: one row per message: event_id (−1 = unreadable), user_id, partition, offset, key (−1 = no id)
    - `effects`: one row per applied event: event_id
    - `dead`: one row per message that was set aside: the partition and offset that it had on the topic, and how often
      it was tried before (−1 = not told)

    - `samples`: one row per look at the stock while the run went: at, issued (rows there had been so far),
      database_remaining and redis_remaining; NaN = not to be had at that moment

    `stock_ordered` is the stock that the run was set up with, `stock` what the coupon's own row says.
    `service_requests` is the service's own count of the run's requests by outcome. `drained` is the moment at which
    everything had drained (None: it had not when the evidence was collected), `group_offsets` the
    consumer group's committed offset by partition, read before the tables. `given_back` counts the
    reservations that the service gave back, `redis_rebuilds` how often it rebuilt Redis,
    `service_started` is when the youngest of its processes started. `collected` is when the evidence was,
    `faults` what was done to the stack on purpose; `lock_ttl` (s), `partition_key`, `consumer_mode` and `workers`
    (service processes) are knobs. `reasons` says by name why a value is None.
    """

    issues: pd.DataFrame | None = None
    outbox: pd.DataFrame | None = None
    topic: pd.DataFrame | None = None
    effects: pd.DataFrame | None = None
    dead: pd.DataFrame | None = None
    samples: pd.DataFrame | None = None
    coupon_id: int | None = None
    reservation: str | None = None
    stock: int | None = None
    stock_ordered: int | None = None
    database_remaining: int | None = None
    redis_remaining: int | None = None
    redis_users: int | None = None
    service_requests: Mapping[str, int] | None = None
    drained: float | None = None
    group_offsets: Mapping[str, int] | None = None
    given_back: int | None = None
    redis_rebuilds: int | None = None
    service_started: float | None = None
    collected: float | None = None
    faults: Sequence[Fault] = ()
    lock_ttl: float | None = None
    partition_key: str | None = None
    consumer_mode: str | None = None
    workers: int | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, frames: Mapping[str, pd.DataFrame | None], facts: Mapping[str, Any], **more: Any) -> AuditEvidence:
        """From frames by name and the facts of `evidence.json`; facts that the audit does not use are left out."""
        known = {item.name for item in fields(cls)}
        tables: dict[str, Any] = {name: frames.get(name) for name in FRAMES}
        return cls(**{key: value for key, value in (dict(facts) | more | tables).items() if key in known})

    @property
    def limit(self) -> int | None:
        """How many coupons there may be: as ordered, or by the coupon's own row where the order was not recorded."""
        return self.stock if self.stock_ordered is None else self.stock_ordered

    def counted_since(self, began: float) -> AuditEvidence:
        """The same; without the service's own counts when one of its processes started after `began` (epoch s)."""
        if self.service_started is None or self.service_started <= began:
            return self
        gone = dict.fromkeys(COUNTS, "the service was started again during the run")
        nothing: dict[str, Any] = dict.fromkeys(COUNTS)
        return replace(self, **nothing, reasons={**self.reasons, **gone})

    @property
    def poisoned(self) -> int:
        """Messages that were put on the topic on purpose and that nobody can apply."""
        return sum(fault.count for fault in self.faults if fault.what == "poison")

    def lacking(self, *names: str) -> list[str]:
        """A sentence for each of these that could not be had."""
        return [f"no {name}: {self._why(name)}" for name in names if getattr(self, name) is None]

    def ids(self, frame: str, column: str) -> Ids:
        """A column of ids; empty when the frame could not be had."""
        table: pd.DataFrame | None = getattr(self, frame)
        return NONE if table is None else as_ids(table[column])

    def on_the_way(self, events: Ids) -> list[str]:
        """A sentence for events that had not come through when the evidence was collected."""
        return [f"not drained when the evidence was collected ({len(events):,} pending)"] if len(events) else []

    def _why(self, name: str) -> str:
        return self.reasons.get(name, "it was not collected")
