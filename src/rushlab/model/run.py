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


class Load(Struct, frozen=True, kw_only=True):
    """What k6 was told and how it ended."""

    model: Model
    exit_code: int | None = None
    elapsed_s: float | None = None
    version: str | None = None


class Run(Struct, frozen=True, kw_only=True):
    """Everything `run.json` holds. `artefacts` maps a file's relative path to its SHA-256."""

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
    figures: dict[str, Any] | None = None
    audit: Audit | None = None
    verdict: Verdict | None = None
    problem: str | None = None
