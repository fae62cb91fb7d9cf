"""I12 and I14: what a fault on purpose left behind, and how long it took to be gone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rushlab.judge.checks import check, decide
from rushlab.judge.evidence import AuditEvidence
from rushlab.model.run import Fault
from rushlab.model.verdict import Check, Status, worst

#: Seconds after a fault's end within which nothing of it may be left.
RECOVERY_S = 30.0
#: A coupon that waits longer than this for its confirmation is late: more than gathering and batches explain.
LATE_S = 1.0

#: The invariants that a stopped holder of the lock may not break.
UNDER_LOCK = ("I1", "I2", "I3", "I4")


def recovery(evidence: AuditEvidence) -> Check:
    """I12: backlog and lag are back to zero within 30 s* after each fault's end.

    A coupon is late while it has waited more than 1 s* for its confirmation. Late lives (accepted to confirmed) that
    overlap, or follow each other within 1 s, are one backlog; a fault's ends with the backlog that is there at its end
    or begins within 1 s after it; without one there was nothing to recover from.
    """
    id, title = "I12", "recovery after a fault"
    if not evidence.faults:
        return check(id, title, Status.NA, value="no fault was injected", limit="", evidence=["the run's record"])
    lacking = evidence.lacking("issues")
    times = [] if evidence.issues is None else [_recovered_after(fault, evidence.issues) for fault in evidence.faults]
    unended = [f"{fault.what} of {fault.process} never ended" for fault in evidence.faults if fault.end is None]
    beyond = [fault for fault, took in zip(evidence.faults, times, strict=False) if _is_beyond(fault, took, evidence)]
    lacking += unended
    if evidence.issues is not None and not beyond and any(math.isinf(took) for took in times if took is not None):
        lacking.append("a backlog was still there when the evidence was collected")
    return check(
        id,
        title,
        decide(bool(beyond), lacking),
        value="; ".join(_told(evidence.faults, times)) or "unknown",
        limit=f"≤ {RECOVERY_S:g} s after the end",
        evidence=[f"{len(evidence.faults)} faults, waits of every issue row", *lacking],
    )


def lock_holder(evidence: AuditEvidence, invariants: Sequence[Check]) -> Check:
    """I14: under `redis-lock`, I1 to I4 hold although the process with the lock was stopped past its time to live."""
    id, title = "I14", "lock holder stopped past its time to live"

    def does_not_apply(why: str) -> Check:
        return check(id, title, Status.NA, value=why, limit="", evidence=["the run's record and knobs"])

    if evidence.reservation != "redis-lock":
        return does_not_apply("no lock with a time to live decides")
    stops = [fault for fault in evidence.faults if fault.what == "pause" and fault.process.startswith("service")]
    if not stops:
        return does_not_apply("no service process was stopped")
    ttl, longest = evidence.lock_ttl, max((one.end or math.inf) - one.start for one in stops)
    if ttl is not None and longest <= ttl:
        return does_not_apply(f"stopped for {longest:.1f} s, within the lock's {ttl:g} s")
    judged = [one for one in invariants if one.id in UNDER_LOCK]
    lacking = [] if ttl is not None else ["the lock's time to live is not recorded"]
    status = worst([*(one.status for one in judged), *([Status.UNKNOWN] if lacking else [])])
    return check(
        id,
        title,
        status,
        value=f"stopped for {longest:.1f} s: " + ", ".join(f"{one.id} {one.status}" for one in judged),
        limit="I1 to I4 PASS",
        evidence=[f"{len(stops)} stops, time to live {'unknown' if ttl is None else f'{ttl:g} s'}", *lacking],
    )


def _recovered_after(fault: Fault, issues: pd.DataFrame) -> float | None:
    """Seconds from the fault's end until its backlog was gone; inf = it never was, None = the fault never ended."""
    if fault.end is None:
        return None
    start, end = issues["accepted_at"].to_numpy(float), issues["confirmed_at"].to_numpy(float)
    end = np.where(np.isnan(end), np.inf, end)
    late = end - start > LATE_S
    recovered = fault.end
    for began, ended in _joined(start[late], end[late]):
        if began <= fault.end + LATE_S and ended > fault.end:
            recovered = ended
    return recovered - fault.end


def _joined(start: np.ndarray, end: np.ndarray) -> list[tuple[float, float]]:
    """Lives that overlap or nearly touch, as one each, in order."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    if not len(start):
        return []
    reach = np.maximum.accumulate(end)
    first = np.flatnonzero(np.r_[True, start[1:] > reach[:-1] + LATE_S])
    last = np.r_[first[1:], len(start)] - 1
    return [(float(start[one]), float(reach[other])) for one, other in zip(first, last, strict=True)]


def _is_beyond(fault: Fault, took: float | None, evidence: AuditEvidence) -> bool:
    """Whether too long a time is proven; one that has not ended counts until the evidence was collected."""
    if took is None or fault.end is None:
        return False
    if math.isinf(took):
        return evidence.collected is not None and evidence.collected - fault.end > RECOVERY_S
    return took > RECOVERY_S


def _told(faults: Sequence[Fault], times: Sequence[float | None]) -> list[str]:
    return [_sentence(fault, took) for fault, took in zip(faults, times, strict=False)]


def _sentence(fault: Fault, took: float | None) -> str:
    name = f"{fault.what} {fault.process}{_more(fault)}"
    if fault.end is None or took is None:
        return f"{name}: never ended"
    gone = "backlog never gone" if math.isinf(took) else f"backlog gone {took:.1f} s later"
    return f"{name}: ended after {fault.end - fault.start:.1f} s, {gone}"


def _more(fault: Fault) -> str:
    if fault.what == "disk-full" and not fault.count:
        return " (it needed no room meanwhile)"
    return "" if fault.share is None else f" (stopped {fault.share:.0%} of the time)"
