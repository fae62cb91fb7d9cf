"""What a judgement can say: statuses of checks and invariants, a run's verdict, exit codes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from msgspec import Struct


class Status(StrEnum):
    """Outcome of one check. UNKNOWN (evidence missing) and NA (does not apply) are never PASS."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    NA = "NA"


class Validity(StrEnum):
    """Whether a run may be used for a claim about performance."""

    VALID = "VALID"
    INVALID = "INVALID"
    UNKNOWN = "UNKNOWN"


class Check(Struct, frozen=True, kw_only=True):
    """One check with what it measured, what it was held against, and where that came from."""

    id: str
    title: str
    status: Status
    value: str
    limit: str
    evidence: str


class Audit(Struct, frozen=True, kw_only=True):
    """The invariants of a run and the counts behind them.

    `counts` has attempts, accepted, confirmed, lost, unexpected, duplicated, oversold,
    recovered and leaked (coupons); a count that could not be had is None.
    """

    verdict: Status
    invariants: tuple[Check, ...]
    counts: dict[str, int | None]


class Verdict(Struct, frozen=True, kw_only=True):
    """A run's validity, the checks it rests on, and the sentence that says why."""

    validity: Validity
    checks: tuple[Check, ...]
    reason: str


class ExitCode(IntEnum):
    OK = 0
    NO_RESULT = 1
    USAGE = 2
    THRESHOLD_MISSED = 3
    INVALID = 4
    INVARIANT_FAILED = 5


def worst(statuses: Iterable[Status]) -> Status:
    """FAIL over UNKNOWN over WARN over PASS; NA only when nothing else is there."""
    order = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)
    found = set(statuses)
    return next((status for status in order if status in found), Status.NA)
