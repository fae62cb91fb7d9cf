"""An experiment on its way: the plan with its drawn order, fixed before the first run, and what became of each slot."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from rushlab.model.plan import Plan


class SlotState(StrEnum):
    """What became of a slot; only a verified one has figures."""

    PLANNED = "planned"
    RUNNING = "running"
    VERIFIED = "verified"
    EXCLUDED = "excluded"


OPEN = (SlotState.PLANNED, SlotState.RUNNING)


class Place(Struct, frozen=True, kw_only=True):
    """Where a run stands: its position in the whole sequence, its block, its arm, and the seed of its load.

    Position 0 in block 0 is the settling run, which is discarded.
    """

    position: int
    block: int
    arm: str
    seed: int

    @property
    def settling(self) -> bool:
        return self.block == 0


class Planned(Struct, frozen=True, kw_only=True):
    """`plan.json`: everything that was fixed before the first run. Never written again.

    `confirms`: the id of the experiment whose winner these runs are to confirm.
    """

    schema: int = 1
    id: str
    created: float
    plan: Plan
    places: tuple[Place, ...]
    environment: dict[str, Any]
    confirms: str | None = None

    @property
    def measured(self) -> tuple[Place, ...]:
        """The places that count, without the settling run."""
        return tuple(place for place in self.places if not place.settling)


class Slot(Struct, frozen=True, kw_only=True):
    """What became of the place at `position`.

    `digest` is the SHA-256 of the run's verified `run.json`, `seconds` what it took in all. `problem`
    says why a slot is excluded. `again` has a sentence for every time it had to be driven again.
    """

    position: int
    state: SlotState = SlotState.PLANNED
    run: str | None = None
    digest: str | None = None
    started: float | None = None
    seconds: float | None = None
    problem: str | None = None
    again: tuple[str, ...] = ()


class Progress(Struct, frozen=True, kw_only=True):
    """`state.json`: how far the experiment is. `plan_digest` is the SHA-256 of `plan.json`."""

    schema: int = 1
    id: str
    plan_digest: str
    slots: tuple[Slot, ...]

    @property
    def complete(self) -> bool:
        """Every slot has its run, or is excluded with a reason."""
        return self.open == 0

    @property
    def open(self) -> int:
        """Slots whose run is still to be made."""
        return sum(slot.state in OPEN for slot in self.slots)

    @property
    def excluded(self) -> int:
        return sum(slot.state is SlotState.EXCLUDED for slot in self.slots)
