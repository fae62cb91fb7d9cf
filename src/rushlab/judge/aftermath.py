"""What of a fault was there after its end: coupons that waited for their confirmation, requests without a decision."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from rushlab.judge.ids import Mask
from rushlab.judge.requests import ACCEPTED, ALREADY, SOLD_OUT, Requests
from rushlab.model.run import Fault

#: Seconds after a fault's end within which nothing of it may be left.
RECOVERY_S = 30.0
#: A coupon that waits longer than this for its confirmation is late: more than gathering and batches explain.
LATE_S = 1.0

Moments = npt.NDArray[np.float64]


class Stragglers(NamedTuple):
    """`late` of the `among` requests that ended in the `last` seconds after a fault; the last of them at their end."""

    last: float
    late: int
    among: int


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that was left at a fault's end: certainly there for `seen` seconds, gone after `gone` (inf = never).

    `stragglers` are the few requests that had no decision although most had one then.
    """

    seen: float = 0.0
    gone: float = 0.0
    earlier: bool = False  # it was there before the fault already, so it proves nothing against it
    stragglers: Stragglers | None = None

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
    lives = _Lives(start[late], seen[late], gone[late])
    return _left(fault, end, _at_end(end, end + LATE_S, _stretches(lives)))


def undecided(fault: Fault, end: float, requests: Requests) -> Left:
    """The time after a fault's end in which nobody got a decision (201, 409 or 410).

    Requests without one, each from its begin until the next decision that somebody got who began after the fault's end.
    They are the fault's if they cover its end, or if nothing had been decided yet between it and them. Where most
    requests were decided all the same, only what was longer than 1 s without any decision is the fault's, and the
    others are stragglers: one that hangs, or few that fail, keep nobody else from a decision.
    """
    started, ended = _moments(requests, "started"), _moments(requests, "ended")
    decided = np.isin(requests.status, (ACCEPTED, ALREADY, SOLD_OUT))
    fresh = decided & (started >= end) if asked_after(end, requests) else decided
    decisions = _Decisions(np.sort(ended[decided]), np.sort(ended[fresh]))
    lives = _undecided_lives(fault, end, started[~decided], ended[~decided], decisions)
    reach = max(float(_next(decisions.fresh, end)), end + LATE_S)
    whole = _at_end(end, reach, _stretches(lives))
    if whole is None:
        return Left()
    of_it = (lives.start >= whole.began) & (lives.start <= whole.gone)
    told = _stragglers(end, float(ended[~decided][of_it].max()), ended, decided)
    if 2 * told.late >= told.among:
        return _left(fault, end, whole)
    outages = (one for one in _stretches(lives, apart=0.0) if one.gone - max(one.began, end) > LATE_S)
    left = _left(fault, end, _at_end(end, reach, outages))
    return replace(left, stragglers=told) if told.last > left.gone else left


def asked_after(end: float, requests: Requests) -> bool:
    """Whether any request began after that."""
    return bool((_moments(requests, "started") >= end).any())


class _Lives(NamedTuple):
    """Of each thing that is left: when it began, until when it was certainly there, when it was gone (inf = never)."""

    start: Moments
    seen: Moments
    gone: Moments


class _Decisions(NamedTuple):
    """When somebody got one, in order; `fresh` of those who began after the fault's end (of all if nobody did)."""

    all: Moments
    fresh: Moments


class _Stretch(NamedTuple):
    began: float
    seen: float
    gone: float


def _moments(requests: Requests, column: str) -> Moments:
    return requests.named[column].to_numpy(float)


def _next(moments: Moments, after: Moments | float) -> Moments:
    """The first of the sorted moments after each; inf where there is none."""
    found: Moments = np.append(moments, np.inf)[np.searchsorted(moments, after, side="right")]
    return found


def _undecided_lives(fault: Fault, end: float, start: Moments, ended: Moments, decisions: _Decisions) -> _Lives:
    """A request that was under way when the fault began is not older than the fault."""
    before = fault.start - LATE_S
    start = np.where(ended < before, start, np.maximum(start, before))
    decided = _next(decisions.all, ended)
    gone = np.where(decided <= end, decided, _next(decisions.fresh, np.maximum(start, end)))
    return _Lives(start, np.minimum(ended, gone), gone)


def _stragglers(end: float, last: float, ended: Moments, decided: Mask) -> Stragglers:
    among = (ended > end) & (ended <= last)
    return Stragglers(last - end, int((among & ~decided).sum()), int(among.sum()))


def _left(fault: Fault, end: float, stretch: _Stretch | None) -> Left:
    if stretch is None:
        return Left()
    return Left(max(0.0, stretch.seen - end), stretch.gone - end, stretch.began < fault.start - LATE_S)


def _at_end(end: float, reach: float, stretches: Iterable[_Stretch]) -> _Stretch | None:
    """The stretch that covers the fault's end or begins until `reach`; of several the one that ends last."""
    covering = (one for one in stretches if one.began <= reach and one.gone > end)
    return max(covering, key=lambda one: one.gone, default=None)


def _stretches(lives: _Lives, apart: float = LATE_S) -> Iterator[_Stretch]:
    """Lives that overlap, or follow each other within `apart` seconds, as one each, in order."""
    if not len(lives.start):
        return
    order = np.argsort(lives.start, kind="stable")
    start, seen, gone = (each[order] for each in lives)
    reach = np.maximum.accumulate(gone)
    first = np.flatnonzero(np.r_[True, start[1:] > reach[:-1] + apart])
    for one, other in zip(first, np.r_[first[1:], len(start)], strict=True):
        yield _Stretch(float(start[one]), float(seen[one:other].max()), float(reach[other - 1]))
