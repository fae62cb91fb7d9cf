"""V8: did a plateau reach a steady state? Change points in the level of each second's p95 and rate.

The words follow Barrett et al., Virtual Machine Warmup Blows Hot and Cold (OOPSLA 2017): flat, warming, degrading, not
steady. A level is the mean of a logarithm, so levels compare as ratios.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from rushlab.judge.change_points import FEWEST, Series, change_points, levels, visible_change
from rushlab.judge.checks import check
from rushlab.judge.stages import Window, plateaus
from rushlab.model.profile import Profile
from rushlab.model.verdict import Check, Status

#: Conventions (settings with these defaults, printed beside what they judged).
TOLERANCE = 0.05
REQUESTS_PER_SECOND = 20
MOST_EMPTY = 0.05
#: A plateau so noisy that a lasting change by this factor could hide in it is not called flat.
MOST_HIDDEN = 2.0
#: A change in the last quarter leaves too little behind it to be called steady (Barrett et al.).
SETTLED_SHARE = 0.75


class State(StrEnum):
    """What a plateau did: nothing, became faster and stayed so, became slower, neither; NA cannot be judged."""

    FLAT = "flat"
    WARMING = "warming"
    DEGRADING = "degrading"
    NOT_STEADY = "not steady"
    NA = "NA"


CHANGED = {State.WARMING, State.DEGRADING, State.NOT_STEADY}


@dataclass(frozen=True, slots=True)
class Change:
    """The level of `what` (p95 or rate) changes by `ratio` at `second` of the profile."""

    what: str
    second: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Steadiness:
    """The state of one plateau with its reason; `steady_from_s` is where its last level begins, None if none does."""

    window: Window
    state: State
    reason: str
    changes: tuple[Change, ...] = ()
    steady_from_s: float | None = None


def steadiness(timeline: pd.DataFrame, window: Window) -> Steadiness:
    """The state of one plateau.

    Parameters
    ----------
    timeline
        One row per second since the profile's start: second, requests (that ended in it), p95_ms (NaN for none).
    window
        The plateau; only whole seconds inside it are judged.
    """
    first, last = math.ceil(window.start_s), math.floor(window.end_s)
    bins = timeline.set_index("second").reindex(range(first, max(first, last)))
    if reason := _not_judged(bins):
        return Steadiness(window, State.NA, reason)
    empty = int(bins["p95_ms"].isna().sum())
    if empty > MOST_EMPTY * len(bins):
        return Steadiness(window, State.NOT_STEADY, f"{empty} of {len(bins)} seconds had no answer")
    if len(bins) - empty < FEWEST:  # of fewer no change would ever be seen
        return Steadiness(window, State.NA, f"{len(bins) - empty} seconds with an answer, fewer than {FEWEST}")
    return _judged(window, bins[bins["p95_ms"].notna()])


def steady_state(profile: Profile, timeline: pd.DataFrame) -> Check:
    """V8 over all plateaus of `profile` (already scaled): PASS when each is flat, WARN when one is not, else NA.

    It never fails a run: one that is not steady keeps its whole-run figures, labelled so.
    """
    found = [steadiness(timeline, window) for window in plateaus(profile)]
    states = {one.state for one in found}
    status = Status.PASS if states == {State.FLAT} else Status.WARN if states & CHANGED else Status.NA
    value = ", ".join(one.state for one in found) if states - {State.NA} else found[0].reason if found else "no plateau"
    return check(
        "V8",
        "steady state",
        status,
        value=value,
        limit=f"flat: levels within {TOLERANCE:.0%}* on plateaus of ≥ {FEWEST}* s",
        evidence=_evidence(found) or ["the profile only ramps: whole-run figures"],
    )


def _not_judged(bins: pd.DataFrame) -> str | None:
    if len(bins) < FEWEST:
        return f"{len(bins)} whole seconds, fewer than {FEWEST}"
    typical = float(bins["requests"].fillna(0).median())
    if typical < REQUESTS_PER_SECOND:
        return f"{typical:.0f} requests a second, fewer than {REQUESTS_PER_SECOND}: a second's p95 would be its maximum"
    return None


def _judged(window: Window, bins: pd.DataFrame) -> Steadiness:
    # Oriented so that up is worse: the p95 grows, or the rate falls.
    slowness = {"p95": np.log(bins["p95_ms"].to_numpy(float)), "rate": -np.log(bins["requests"].to_numpy(float))}
    seconds = bins.index.to_numpy()
    states, changes, begins = set(), [], [0]
    visible = {what: math.exp(min(visible_change(series), 700.0)) for what, series in slowness.items()}
    for what, series in slowness.items():
        cuts = change_points(series)
        state = _state(series, cuts)
        if state is State.FLAT:
            continue
        states.add(state)
        begins.append(cuts[-1])
        changes += _changes(what, series, cuts, seconds)
    if not states:
        return _unchanged(window, visible, seconds)
    state = states.pop() if len(states) == 1 else State.NOT_STEADY
    steady_from = None if state is State.NOT_STEADY else float(max(window.start_s, seconds[max(begins)]))
    found = tuple(sorted(changes, key=lambda change: (change.second, change.what)))
    return Steadiness(window, state, _reason(found), found, steady_from)


def _state(series: Series, cuts: tuple[int, ...]) -> State:
    """The state that the levels of one series show; changes within the tolerance are none."""
    steps = np.diff(levels(series, cuts))
    tolerance, mean = math.log1p(TOLERANCE), levels(series, cuts)
    if max(mean) - min(mean) <= tolerance:
        return State.FLAT
    if steps.max() <= tolerance:
        return State.WARMING if cuts[-1] <= SETTLED_SHARE * len(series) else State.NOT_STEADY
    return State.DEGRADING if steps.min() >= -tolerance else State.NOT_STEADY


def _changes(what: str, series: Series, cuts: tuple[int, ...], seconds: Series) -> list[Change]:
    steps = np.diff(levels(series, cuts)) * (-1 if what == "rate" else 1)
    return [Change(what, int(seconds[cut]), math.exp(step)) for cut, step in zip(cuts, steps, strict=True)]


def _unchanged(window: Window, visible: Mapping[str, float], seconds: Series) -> Steadiness:
    """Flat, unless the seconds differ so much that a lasting change of the level would hide among them."""
    seen = ", ".join(f"{what} ×{ratio:.2f}" for what, ratio in visible.items())
    if max(visible.values()) > MOST_HIDDEN:
        said = f"too noisy to tell: a lasting change is seen from {seen} on"
        return Steadiness(window, State.NA, said)
    reason = f"no lasting change in {len(seconds)} seconds; it would be seen from {seen} on"
    return Steadiness(window, State.FLAT, reason, steady_from_s=window.start_s)


def _reason(changes: Iterable[Change]) -> str:
    return ", ".join(f"{one.what} ×{one.ratio:.2f} at {one.second} s" for one in changes)


def _evidence(found: Iterable[Steadiness]) -> list[str]:
    return [f"{one.window.start_s:g} to {one.window.end_s:g} s: {one.state} ({one.reason})" for one in found]
