"""What one run shall be, and what would refuse it late, asked early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rushlab.flows.workbench import Workbench
from rushlab.model.profile import Model, Profile
from rushlab.model.variant import Variant
from rushlab.world.faults import Planned
from rushlab.world.files import check_writable
from rushlab.world.k6_checks import free_port, require_space

#: Seconds that accepted coupons may take to be confirmed after the load has ended.
DRAIN_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Order:
    """What one run shall be: a profile at a scale against a variant.

    `drain_limit_s` caps the wait for the confirmations; what is not confirmed then is the run's backlog.
    `labels` are written into the record's environment: which experiment the run belongs to.
    `faults` are brought about on purpose while the load runs.
    """

    profile: Profile
    variant: Variant
    scale: float
    model: Model = "closed"
    seed: int = 1
    drain_limit_s: float = DRAIN_LIMIT_S
    labels: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Planned, ...] = ()

    @property
    def stock(self) -> int:
        """The stock that is set up: the profile's own at this scale, else the variant's."""
        own = self.profile.stock_at(self.scale)
        return int(self.variant["stock"]) if own is None else own


def require_room(bench: Workbench, orders: Sequence[Order]) -> None:
    """What would refuse one of these runs late is asked before anything is started.

    Raises
    ------
    StorageError
        The folder of the runs cannot be written, or its disk has no room for the points.
    PortTaken
        The port asked for k6's REST API is taken.
    """
    check_writable(bench.settings.runs)
    require_space(bench.settings.runs, *(order.profile.at_scale(order.scale) for order in orders))
    if bench.settings.k6_port is not None:
        free_port(bench.settings.k6_port)
