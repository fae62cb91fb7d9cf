"""A run: one profile against one variant on one stack, as `run.json` records it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from rushlab.model.profile import Model, Profile
from rushlab.model.variant import KnobValue
from rushlab.model.verdict import Audit, Verdict


class State(StrEnum):
    """Where a run is on its way; each step is an atomic rename of `run.json`."""

    PLANNED = "planned"
    RUNNING = "running"
    COLLECTED = "collected"
    VERIFIED = "verified"
    FAILED = "failed"
    ABORTED = "aborted"


#: The steps a run may take; everything else is a defect of the workbench.
STEPS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.RUNNING, State.FAILED, State.ABORTED}),
    State.RUNNING: frozenset({State.COLLECTED, State.FAILED, State.ABORTED}),
    State.COLLECTED: frozenset({State.VERIFIED, State.FAILED, State.ABORTED}),
    State.VERIFIED: frozenset(),
    State.FAILED: frozenset(),
    State.ABORTED: frozenset(),
}


class Timing(Struct, frozen=True, kw_only=True):
    """Moments of a run, as epoch seconds (UTC) of this machine's clock; None = not reached."""

    created: float
    started: float | None = None
    ended: float | None = None
    drained: float | None = None

    @property
    def begun(self) -> float:
        """Where second 0 of a run's figures lies: the begin of its load, of its folder where that is not known."""
        return self.created if self.started is None else self.started


class Load(Struct, frozen=True, kw_only=True):
    """What k6 was told and how it ended."""

    model: Model
    exit_code: int | None = None
    elapsed_s: float | None = None
    version: str | None = None


class Fault(Struct, frozen=True, kw_only=True):
    """Something that was done to the stack on purpose during a run.

    `what` is kill, pause, slow, disk-full, rebalance or poison; `start` and `end` are epoch seconds: from the signal
    (the first poisonous message, the first guest of a consumer group, the last free block) until the process answered
    again (the last message, the last guest, room again); `end` None = it never did. `count` is the number of poisonous
    messages, of rebalances, or of times that a server's log told of its full disk (0: it needed no room). `share` is
    the part of its time during which a slow process was stopped.
    """

    what: str
    process: str
    start: float
    end: float | None = None
    count: int = 1
    share: float | None = None


class Run(Struct, frozen=True, kw_only=True):
    """Everything `run.json` holds. `artefacts` maps a file's relative path to its SHA-256.

    `cpu_s` is the CPU time in seconds of every process of the stack, of `k6`, the `workbench` and the
    whole `host`, from just before the load until everything had drained or was waited for no longer,
    `cpu_over_s` seconds in all (None in older records); None = not known, `cpu_reason` says why.
    `faults` is what was done to the stack on purpose meanwhile.
    """

    schema: int = 1
    id: str
    state: State
    profile: Profile
    scale: float
    variant: str
    knobs: dict[str, KnobValue]
    load: Load
    timing: Timing
    environment: dict[str, Any]
    artefacts: dict[str, str] = {}
    cpu_s: dict[str, float] | None = None
    cpu_reason: str | None = None
    cpu_over_s: float | None = None
    faults: tuple[Fault, ...] = ()
    figures: dict[str, Any] | None = None
    audit: Audit | None = None
    verdict: Verdict | None = None
    problem: str | None = None
