"""What a profile's schedule of virtual users (VUs) allows, whatever the service does.

A closed profile plans a curve of VUs over time. VU k is alive while the curve is at or above k: it
starts when the ramp crosses k and, since k6 stops the highest VU first, ends when the curve falls
below k. A VU sends at once when it starts, pauses, sends again, and finishes the iteration it is in
when it is told to stop, so with an instant service one lifetime holds ceil(lifetime / pause)
iterations, and at least one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from rushlab.model.errors import ResultError
from rushlab.model.profile import Profile

NANOSECONDS = 1_000_000_000


def bound(profile: Profile) -> int:
    """Most iterations (requests) the VU schedule of a closed profile allows with an instant service.

    Σ over VUs and their lifetimes of max(1, ceil(lifetime / pause)); exact rational arithmetic on
    k6's nanoseconds, because a lifetime is often a whole number of pauses and a rounding error
    would then count one iteration more. k6 itself stops each VU one step of the ramp later than
    the straight line says, which adds a few tens of iterations at full scale.

    Raises
    ------
    ResultError
        The profile has no pause: then the schedule sets no bound.
    """
    pause = _exact(profile.pause_s)
    if pause <= 0:
        raise ResultError(f"Profile {profile.name} has no bound", "its virtual users do not pause between requests")
    if profile.executor == "constant-vus":
        return profile.vus * _iterations(_exact(profile.duration_s), pause)
    return sum(_iterations(life, pause) for life in _lifetimes(profile))


def planned_vus(profile: Profile, t: float) -> float:
    """Planned VUs at second `t` of the profile (the straight line between stages; 0 outside it)."""
    if not 0 <= t <= profile.length_s:
        return 0.0
    if profile.executor == "constant-vus":
        return float(profile.vus)
    begin, level = 0.0, 0.0
    for stage in profile.stages:
        if t < begin + stage.duration_s:
            return level + (stage.target - level) * (t - begin) / stage.duration_s
        begin, level = begin + stage.duration_s, float(stage.target)
    return level


def _lifetimes(profile: Profile) -> Iterator[Fraction]:
    """Every lifetime of every VU, in seconds; a VU has several when the curve rises again."""
    stages = [(_exact(stage.duration_s), stage.target) for stage in profile.stages]
    for k in range(1, profile.peak_vus + 1):
        begin, level, born = Fraction(0), 0, None
        for duration, target in stages:
            if born is None and level < k <= target:
                born = begin + duration * Fraction(k - level, target - level)
            elif born is not None and target < k <= level:
                yield begin + duration * Fraction(level - k, level - target) - born
                born = None
            begin, level = begin + duration, target
        if born is not None:
            yield begin - born


def _iterations(lifetime: Fraction, pause: Fraction) -> int:
    return max(1, math.ceil(lifetime / pause))


def _exact(seconds: float) -> Fraction:
    """Seconds as k6 keeps them, whole nanoseconds: 0.1 · 30 s is 3 s, not 3.0000000000000004 s."""
    return Fraction(round(seconds * NANOSECONDS), NANOSECONDS)
