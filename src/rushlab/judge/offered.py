"""V4: was the load offered that the profile plans? Closed: virtual users (VUs) as planned; open: nothing dropped."""

from __future__ import annotations

import pandas as pd

from rushlab.judge.bound import planned_vus
from rushlab.judge.checks import check, decide
from rushlab.model.profile import Model, Profile
from rushlab.model.verdict import Check, Status

#: Conventions (settings with these defaults, printed beside what they judged).
MISSING_SHARE = 0.01
#: k6 counts its VUs once a second: a sample may lag behind the plan by one of them.
LAG_S = 1.0
SAMPLED_SHARE = 0.95


def offered_load(
    profile: Profile,
    model: Model,
    *,
    started: float | None,
    vus: pd.DataFrame | None,
    dropped: int = 0,
    iterations: int = 0,
) -> Check:
    """V4 of a run.

    Parameters
    ----------
    profile
        As it was driven (already scaled).
    started
        Epoch second at which the schedule began.
    vus
        One row per sample of k6's active VUs: time (epoch seconds), vus. VUs that finish gracefully count as active.
    dropped, iterations
        Iterations that k6 could not begin in time (open model), and those it made.
    """
    if model == "open":
        return _nothing_dropped(dropped, iterations)
    return _schedule_followed(profile, started, vus)


def _nothing_dropped(dropped: int, iterations: int) -> Check:
    share = dropped / (dropped + iterations) if dropped else 0.0
    status = Status.FAIL if share > MISSING_SHARE else Status.WARN if dropped else Status.PASS
    return check(
        "V4",
        "offered load met",
        status,
        value=f"{dropped:,} of {dropped + iterations:,} iterations dropped ({share:.2%})",
        limit=f"0; FAIL above {MISSING_SHARE:.0%}*",
        evidence=["k6's dropped_iterations", "response times are a lower bound" if dropped else ""],
    )


def _schedule_followed(profile: Profile, started: float | None, vus: pd.DataFrame | None) -> Check:
    samples = None if started is None or vus is None else _during(profile, vus.assign(second=vus["time"] - started))
    needed = SAMPLED_SHARE * max(int(profile.length_s) - 1, 1)
    count = 0 if samples is None else len(samples)
    lacking = "" if count >= needed else f"{count} samples of k6's VUs in {profile.length_s:g} s"
    short = None if samples is None or samples.empty else shortfall(profile, samples)
    return check(
        "V4",
        "offered load met",
        decide(short is not None and short > MISSING_SHARE, [lacking] if lacking else []),
        value="unknown" if short is None else f"{short:.2%} of the planned VU·s missing",
        limit=f"≤ {MISSING_SHARE:.0%}*, a sample may lag {LAG_S:g} s*",
        evidence=[f"{count} samples of k6's active VUs against the plan", lacking],
    )


def _during(profile: Profile, samples: pd.DataFrame) -> pd.DataFrame:
    return samples[(samples["second"] >= 0) & (samples["second"] <= profile.length_s)]


def shortfall(profile: Profile, samples: pd.DataFrame) -> float:
    """Planned VUs that were not active, as a share of all planned ones, over samples (second, vus) of the schedule.

    Each sample is held against the lowest plan within `LAG_S` of it, so that a ramp is not read as a deficit.
    """
    planned = sum(planned_vus(profile, second) for second in samples["second"])
    pairs = zip(samples["second"], samples["vus"], strict=True)
    missing = sum(max(0.0, _lowest(profile, second) - active) for second, active in pairs)
    return missing / planned if planned else 0.0


def _lowest(profile: Profile, second: float) -> float:
    """The lowest plan around a moment: the plan is straight between its corners, so those and the ends suffice."""
    corners, begin = [], 0.0
    for stage in profile.stages:
        begin += stage.duration_s
        corners.append(begin)
    around = [corner for corner in corners if abs(corner - second) < LAG_S]
    return min(planned_vus(profile, moment) for moment in (second - LAG_S, second, second + LAG_S, *around))
