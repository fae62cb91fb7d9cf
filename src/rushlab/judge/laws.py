"""V9: do the figures of a run obey the laws that hold for any queueing system? Where they do not, something was missed.

Little's law, in its operational form: over any window the mean number of active users is the time that their
iterations spend in it, by its length. It assumes nothing but that every iteration is recorded: a closed user is always
within one. Source: Little, A Proof for the Queuing Formula L = λW, Operations Research 9 (1961); Denning & Buzen, The
Operational Analysis of Queueing Network Models, ACM Computing Surveys 10 (1978).

Utilisation law: a process is busy for U = X·D, with X the rate of requests and D its CPU time per request. X·D comes
from the meter of the workbench (the kernel's counters), U from Prometheus's series of what the process tells of itself.
Source: Denning & Buzen (1978).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from rushlab.judge.checks import check, decide
from rushlab.judge.stages import plateaus
from rushlab.model.profile import Model, Profile
from rushlab.model.verdict import Check, Status

#: Conventions (settings with these defaults, printed beside what they judged).
LITTLE_SHARE = 0.05
UTILISATION_SHARE = 0.10
#: Shorter windows say too little: a rate reaches two scrapes and a half back.
SHORTEST_S = 30.0
#: On a ramp k6's one sample a second must be many, for the mean between them to be exact.
SHORTEST_RAMP_S = 10.0
#: A process that used less of a core is too small for its share to be told exactly.
SMALLEST_BUSY = 0.05
#: k6 samples its VUs once a second; this many seconds without a sample leave the mean unknown.
LONGEST_GAP_S = 3.0

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Users:
    """Mean active VUs in a window by k6's samples, and by the time that iterations spent in it; None = not known."""

    window: Span
    sampled: float | None
    spent: float | None

    @property
    def off(self) -> float | None:
        if not self.sampled or self.spent is None:
            return None
        return abs(self.spent / self.sampled - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LawFacts:
    """What the laws are judged by.

    `users` window by window. `busy`: process → (share of a core by its series, by the meter) over `length_s` seconds.
    `lacking` says why one of them is not known.
    """

    model: Model
    users: Sequence[Users] = ()
    busy: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    length_s: float | None = None
    lacking: Sequence[str] = ()


def windows(profile: Profile, started: float, vus: pd.DataFrame) -> tuple[Span, ...]:
    """The windows (epoch seconds) in which Little's law is judged: plateaus, or all of k6's samples of its VUs.

    `profile` as it was driven (already scaled). A pure ramp has no plateau: its law holds over the whole run, with
    those who finish gracefully, when that is long enough.
    """
    held = tuple((started + one.start_s, started + one.end_s) for one in plateaus(profile))
    if held or vus.empty:
        return held
    first, last = float(vus["time"].min()), float(vus["time"].max())
    return ((first, last),) if last - first >= SHORTEST_RAMP_S else ()


def mean_vus(vus: pd.DataFrame, window: Span) -> float | None:
    """Mean of k6's samples (time, vus) within a window, straight between them; None with a gap in it.

    Samples beyond it are of another load: before the first and after the last one inside it counts as they do.
    """
    begin, end = window
    inside = vus[vus["time"].between(begin, end)]
    times, levels = inside["time"].to_numpy("float64"), inside["vus"].to_numpy("float64")
    edges = np.concatenate(([begin], times, [end]))
    if not len(times) or not end > begin or np.diff(edges).max() > LONGEST_GAP_S:
        return None
    return float(np.trapezoid(np.interp(edges, times, levels), edges) / (end - begin))


def accounting_laws(facts: LawFacts) -> Check:
    """V9: Little's law within 5 %*, the utilisation law within 10 %*."""
    closed = facts.model == "closed"
    users = list(facts.users) if closed else []
    judged = [one.off for one in users if one.off is not None]
    busy = {name: pair for name, pair in facts.busy.items() if max(pair) >= SMALLEST_BUSY} if _long(facts) else {}
    far = {name: abs(series / meter - 1) for name, (series, meter) in busy.items() if meter}
    bad = any(off > LITTLE_SHARE for off in judged) or any(off > UTILISATION_SHARE for off in far.values())
    unknown = ["the VUs or the iterations of a window are not known"] if len(judged) < len(users) else []
    lacking = [*unknown, *(facts.lacking if closed else ())]
    return check(
        "V9",
        "accounting laws",
        decide(bad, lacking) if judged or far or lacking else Status.NA,
        value=f"{_little(users, closed=closed)}; {_utilisation(far)}",
        limit=f"Little ≤ {LITTLE_SHARE:.0%}*; utilisation ≤ {UTILISATION_SHARE:.0%}*",
        evidence=[*_users(users), *_busy(busy), _short(facts), *lacking, "limits claims only"],
    )


def _long(facts: LawFacts) -> bool:
    return facts.length_s is not None and facts.length_s >= SHORTEST_S


def _little(users: Sequence[Users], *, closed: bool) -> str:
    if not closed:
        return "Little: an open model's VUs wait in a pool"
    known = [one.off for one in users if one.off is not None]
    if not users:
        return "Little: too short a ramp for k6's samples"
    return f"Little off by {max(known):.1%}" if known else "Little unknown"


def _utilisation(far: Mapping[str, float]) -> str:
    if not far:
        return "utilisation not judged"
    worst = max(far, key=lambda name: far[name])
    return f"utilisation of {worst} off by {far[worst]:.1%}"


def _users(users: Sequence[Users]) -> Iterator[str]:
    for one in users:
        if one.sampled is not None and one.spent is not None:
            length = one.window[1] - one.window[0]
            yield f"{one.sampled:,.1f} VUs sampled, {one.spent:,.1f} by their iterations, over {length:,.0f} s"


def _busy(busy: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    for name, (series, meter) in busy.items():
        yield f"{name} {series:.2f} of a core by its series, {meter:.2f} by its CPU time per request"


def _short(facts: LawFacts) -> str:
    return "" if _long(facts) else f"less than {SHORTEST_S:g} s* of series: too short for utilisation"
