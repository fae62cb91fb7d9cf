"""I12 and I14: what a fault on purpose left behind, and how long it took to be gone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rushlab.judge import aftermath
from rushlab.judge.aftermath import RECOVERY_S, Left
from rushlab.judge.checks import check, decide
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.requests import Requests
from rushlab.model.run import Fault
from rushlab.model.verdict import Check, Status, worst

#: The invariants that a stopped holder of the lock may not break.
UNDER_LOCK = ("I1", "I2", "I3", "I4")


@dataclass(frozen=True, slots=True)
class _Recovery:
    """A fault and what it left; both None when it never ended, `backlog` also when no issue rows could be had."""

    fault: Fault
    backlog: Left | None = None
    undecided: Left | None = None

    @classmethod
    def of(cls, fault: Fault, requests: Requests, evidence: AuditEvidence) -> _Recovery:
        end, issues = fault.end, evidence.issues
        if end is None:
            return cls(fault)
        backlog = None if issues is None else aftermath.backlog(fault, end, issues, evidence.collected)
        return cls(fault, backlog, aftermath.undecided(fault, end, requests))

    @property
    def beyond(self) -> bool:
        return any(left.beyond for left in (self.backlog, self.undecided) if left)


def recovery(requests: Requests, evidence: AuditEvidence) -> Check:
    """I12: backlog and lag are back to zero, and requests are decided again, within 30 s* after each fault's end.

    A coupon is late while it has waited more than 1 s* for its confirmation. Late lives (accepted to confirmed) that
    overlap, or follow each other within 1 s, are one backlog; a fault's ends with the backlog that is there at its end
    or begins within 1 s after it; without one there was nothing to recover from. Likewise the time in which nobody's
    request was decided. Where nobody asked any more, the backlog alone decides: the fault itself ended when the process
    answered.
    """
    id, title = "I12", "recovery after a fault"
    if not evidence.faults:
        return check(id, title, Status.NA, value="no fault was injected", limit="", evidence=["the run's record"])
    found = [_Recovery.of(fault, requests, evidence) for fault in evidence.faults]
    lacking = evidence.lacking("issues") + list(requests.missing) + [why for one in found for why in _doubts(one)]
    return check(
        id,
        title,
        decide(any(one.beyond for one in found), lacking),
        value="; ".join(_told(one) for one in found),
        limit=f"≤ {RECOVERY_S:g} s after the end",
        evidence=[
            f"{len(found)} faults, waits of every issue row, answers of {requests.total:,} requests",
            *lacking,
            *(f"nobody asked after {_name(fault)} had ended" for fault in _unasked(requests, evidence)),
        ],
    )


def lock_holder(evidence: AuditEvidence, invariants: Sequence[Check]) -> Check:
    """I14: under `redis-lock`, I1 to I4 hold although the process with the lock was stopped past its time to live.

    Within a process requests wait for each other before they ask for the lock, so only another process could take one
    that ran out: with a single one nothing is shown.
    """
    id, title = "I14", "lock holder stopped past its time to live"

    def does_not_apply(why: str) -> Check:
        return check(id, title, Status.NA, value=why, limit="", evidence=["the run's record and knobs"])

    if evidence.reservation != "redis-lock":
        return does_not_apply("no lock with a time to live decides")
    stops = [fault for fault in evidence.faults if fault.what == "pause" and fault.process.startswith("service")]
    if not stops:
        return does_not_apply("no service process was stopped")
    if evidence.workers == 1:
        return does_not_apply("no other process could have taken the lock")
    ttl, longest = evidence.lock_ttl, max((one.end or math.inf) - one.start for one in stops)
    if ttl is not None and longest <= ttl:
        return does_not_apply(f"stopped for {longest:.1f} s, within the lock's {ttl:g} s")
    judged = [one for one in invariants if one.id in UNDER_LOCK]
    lacking = ["the lock's time to live is not recorded"] if ttl is None else []
    lacking += ["how many processes there were is not recorded"] if evidence.workers is None else []
    status = worst([*(one.status for one in judged), *([Status.UNKNOWN] if lacking else [])])
    return check(
        id,
        title,
        status,
        value=f"stopped for {longest:.1f} s: " + ", ".join(f"{one.id} {one.status}" for one in judged),
        limit="I1 to I4 PASS",
        evidence=[f"{len(stops)} stops, time to live {'unknown' if ttl is None else f'{ttl:g} s'}", *lacking],
    )


def _unasked(requests: Requests, evidence: AuditEvidence) -> list[Fault]:
    return [one for one in evidence.faults if one.end is not None and not aftermath.asked_after(one.end, requests)]


def _doubts(one: _Recovery) -> list[str]:
    """Why it is not known that nothing of the fault was left in time, as sentences."""
    name = _name(one.fault)
    if one.fault.end is None:
        return [f"{name} never ended"]
    found = []
    if one.backlog and one.backlog.open:
        left = "a backlog was still there when the evidence was collected"
        found.append(f"a backlog was there already before {name}" if one.backlog.earlier else left)
    if one.undecided and one.undecided.open:
        never = f"no request was decided after {name} had ended"
        pause = f"the load paused before requests were decided again after {name}"
        known = never if one.undecided.endless else pause
        found.append(f"requests had no decision already before {name}" if one.undecided.earlier else known)
    return found


def _told(one: _Recovery) -> str:
    fault, backlog, undecided = one.fault, one.backlog, one.undecided
    if fault.end is None:
        return f"{_name(fault)}{_more(fault)}: never ended"
    told = [f"{_name(fault)}{_more(fault)}: ended after {fault.end - fault.start:.1f} s"]
    if backlog is None:
        told.append("its backlog is unknown")
    else:
        told.append("backlog never gone" if backlog.endless else f"backlog gone {backlog.gone:.1f} s later")
    return ", ".join([*told, *_told_undecided(undecided or Left())])


def _told_undecided(left: Left) -> Iterator[str]:
    if left.gone:
        yield "no request decided again" if left.endless else f"requests decided again {left.gone:.1f} s later"
    if left.stragglers:
        last, count, among = left.stragglers
        yield f"the last request without a decision ended {last:.1f} s later ({count:,} of {among:,})"


def _name(fault: Fault) -> str:
    return f"{fault.what} {fault.process}"


def _more(fault: Fault) -> str:
    if fault.what == "disk-full" and not fault.count:
        return " (it needed no room meanwhile)"
    return "" if fault.share is None else f" (stopped {fault.share:.0%} of the time)"
