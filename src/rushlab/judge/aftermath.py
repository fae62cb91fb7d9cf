"""What of a fault was there after its end: coupons that waited for their confirmation, requests without a decision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rushlab.judge.requests import ACCEPTED, ALREADY, SOLD_OUT, Requests
from rushlab.model.run import Fault

#: Seconds after a fault's end within which nothing of it may be left.
RECOVERY_S = 30.0
#: A coupon that waits longer than this for its confirmation is late: more than gathering and batches explain.
LATE_S = 1.0

Moments = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that was left at a fault's end: certainly there for `seen` seconds, gone after `gone` (inf = never)."""

    seen: float = 0.0
    gone: float = 0.0
    earlier: bool = False  # it was there before the fault already, so it proves nothing against it

    @property
    def beyond(self) -> bool:
        """Whether it is proven that the fault left it for too long."""
        return self.seen > RECOVERY_S and not self.earlier

    @property
    def open(self) -> bool:
        """Whether it is not known that it was gone in time."""
        return self.gone > RECOVERY_S and not self.beyond

    @property
    def endless(self) -> bool:
        """Whether nobody saw its end."""
        return math.isinf(self.gone)


def backlog(fault: Fault, end: float, issues: pd.DataFrame, collected: float | None) -> Left:
    """Late lives of coupons, from accepted to confirmed; one that has not ended was there until `collected`."""
    start, confirmed = issues["accepted_at"].to_numpy(float), issues["confirmed_at"].to_numpy(float)
    gone = np.where(np.isnan(confirmed), np.inf, confirmed)
    seen = np.where(np.isnan(confirmed), -np.inf if collected is None else collected, confirmed)
    late = gone - start > LATE_S
    return _at_end(fault, end, end + LATE_S, _stretches(start[late], seen[late], gone[late]))


def undecided(fault: Fault, end: float, requests: Requests) -> Left:
    """Requests answered neither 201 nor 409 nor 410, each from its begin until the next decision that somebody got.

    They are the fault's if they cover its end, or if nothing had been decided yet between it and them. A request that
    was under way when the fault began is not older than the fault.
    """
    started, ended = requests.named["started"].to_numpy(float), requests.named["ended"].to_numpy(float)
    decided = np.isin(requests.status, (ACCEPTED, ALREADY, SOLD_OUT))
    decisions = np.append(np.sort(ended[decided]), np.inf)
    start, seen = started[~decided], ended[~decided]
    gone = decisions[np.searchsorted(decisions, seen, side="right")]
    before = fault.start - LATE_S
    start = np.where(seen < before, start, np.maximum(start, before))
    first = float(decisions[np.searchsorted(decisions, end, side="right")])
    return _at_end(fault, end, max(first, end + LATE_S), _stretches(start, seen, gone))


def asked_after(end: float, requests: Requests) -> bool:
    """Whether any request began after that."""
    return bool((requests.named["started"].to_numpy(float) >= end).any())


@dataclass(frozen=True, slots=True)
class _Stretch:
    began: float
    seen: float
    gone: float


def _at_end(fault: Fault, end: float, reach: float, stretches: Iterator[_Stretch]) -> Left:
    """The stretch that covers the fault's end or begins until `reach`; there is one at most."""
    for one in stretches:
        if one.began <= reach and one.gone > end:
            return Left(max(0.0, one.seen - end), one.gone - end, one.began < fault.start - LATE_S)
    return Left()


def _stretches(start: Moments, seen: Moments, gone: Moments) -> Iterator[_Stretch]:
    """Lives that overlap, or follow each other within 1 s, as one each, in order."""
    if not len(start):
        return
    order = np.argsort(start, kind="stable")
    start, seen, gone = start[order], seen[order], gone[order]
    reach = np.maximum.accumulate(gone)
    first = np.flatnonzero(np.r_[True, start[1:] > reach[:-1] + LATE_S])
    for one, other in zip(first, np.r_[first[1:], len(start)], strict=True):
        yield _Stretch(float(start[one]), float(seen[one:other].max()), float(reach[other - 1]))
