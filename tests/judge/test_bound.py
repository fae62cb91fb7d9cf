"""The bound of a closed profile: known answers of the report's profiles, and its laws."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushlab.judge.bound import bound, planned_vus
from rushlab.model.errors import ResultError
from rushlab.model.profile import Profile, Stage

REPORT = {
    "load": ([(30, 1000), (60, 1000), (30, 0)], 90_460, 90_000),
    "stress-100": ([*((60, vus) for vus in range(100, 1001, 100)), (30, 0)], 315_181, 315_000),
    "stress-500": (
        [(60, 500), (60, 500), (60, 1000), (60, 1000), (60, 1500), (60, 1500), (60, 2000), (60, 2000), (30, 0)],
        570_860,
        570_000,
    ),
    "peak-1500": ([(10, 100), (20, 1500), (10, 100), (20, 0)], 26_211, 25_500),
    "peak-2000": ([(10, 100), (20, 2000), (10, 100), (20, 0)], 33_961, 33_000),
}


def ramp(*stages: tuple[float, int], pause_s: float = 1.0) -> Profile:
    return Profile(
        name="ramp",
        title="",
        purpose="",
        executor="ramping-vus",
        pause_s=pause_s,
        thresholds={},
        stages=tuple(Stage(duration, target) for duration, target in stages),
    )


def constant(vus: int, duration_s: float, pause_s: float = 1.0) -> Profile:
    return Profile(
        name="constant",
        title="",
        purpose="",
        executor="constant-vus",
        pause_s=pause_s,
        thresholds={},
        vus=vus,
        duration_s=duration_s,
    )


def vu_seconds(profile: Profile) -> float:
    """Area under the planned VU curve, in VU·s (trapezoids)."""
    if profile.executor == "constant-vus":
        return profile.vus * profile.duration_s
    levels = [0, *(stage.target for stage in profile.stages)]
    return math.fsum(
        stage.duration_s * (before + stage.target) / 2 for before, stage in zip(levels, profile.stages, strict=False)
    )


@pytest.mark.parametrize("name", REPORT)
def test_full_scale_profiles_have_the_known_bounds(name: str) -> None:
    stages, expected, area = REPORT[name]
    assert bound(ramp(*stages)) == expected
    assert vu_seconds(ramp(*stages)) == area


def test_constant_vus() -> None:
    assert bound(constant(1, 10)) == 10
    assert bound(constant(3, 10.5)) == 33
    assert vu_seconds(constant(3, 10.5)) == 31.5


def test_a_vu_that_comes_back_has_two_lifetimes() -> None:
    # one VU: alive from 1 s to 3 s, and again from 5 s to 7 s
    twice = ramp((1, 1), (2, 1), (0, 0), (1, 0), (1, 1), (2, 1), (0, 0))
    assert bound(twice) == 4


def test_touching_a_level_does_not_end_a_vu() -> None:
    # the curve falls to exactly 1 and rises again: VU 1 lives from 0 s to 6 s without a break
    assert bound(ramp((0, 2), (2, 2), (1, 1), (1, 2), (2, 2), (0, 0))) == 6 + 2 + 2


def test_a_ramp_left_up_ends_with_the_profile() -> None:
    assert bound(ramp((0, 10), (5, 10))) == 50


def test_scaled_durations_do_not_gain_an_iteration_from_floating_point() -> None:
    scaled = ramp((30, 10), (60, 10), (30, 0)).at_scale(0.1)
    exact = ramp((3, 10), (6, 10), (3, 0))
    assert bound(scaled) == bound(exact)


def test_without_a_pause_there_is_no_bound() -> None:
    with pytest.raises(ResultError, match="do not pause"):
        bound(constant(1, 10, pause_s=0))


def test_planned_vus_is_the_line_between_the_stages() -> None:
    shape = ramp((30, 1000), (60, 1000), (30, 0))
    assert [planned_vus(shape, t) for t in (0, 15, 30, 89, 105, 120)] == [0, 500, 1000, 1000, 500, 0]
    assert planned_vus(shape, 121) == planned_vus(shape, -1) == 0
    assert planned_vus(constant(7, 10), 4) == 7


stage_lists = st.lists(st.tuples(st.integers(0, 300).map(lambda n: n / 10), st.integers(0, 60)), min_size=1, max_size=6)
pauses = st.sampled_from([0.1, 0.25, 1.0, 3.0])


@settings(deadline=None)
@given(stage_lists, pauses)
def test_never_below_the_area_and_never_a_whole_iteration_per_lifetime_above_it(
    stages: list[tuple[float, int]], pause_s: float
) -> None:
    """Each lifetime is rounded up by less than one iteration, or to one; k lifetimes begin per rise of k."""
    profile = ramp(*stages, pause_s=pause_s)
    targets = [0, *(target for _, target in stages)]
    lifetimes = sum(max(0, after - before) for before, after in itertools.pairwise(targets))
    # the planned curve holds ⌊vus⌋ whole VUs, so the area may exceed the lifetimes by up to one VU
    whole = vu_seconds(profile) - profile.length_s
    assert bound(profile) >= whole / pause_s - 1e-6
    assert bound(profile) <= vu_seconds(profile) / pause_s + lifetimes + 1e-6


@settings(deadline=None)
@given(stage_lists, pauses, st.integers(1, 20), st.integers(1, 20))
def test_grows_with_the_scale(stages: list[tuple[float, int]], pause_s: float, a: int, b: int) -> None:
    profile = ramp(*stages, pause_s=pause_s)
    small, large = sorted((a / 10, b / 10))
    assert bound(profile.at_scale(small)) <= bound(profile.at_scale(large))


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(1, 500).map(lambda n: n / 10), pauses)
def test_a_flat_ramp_is_constant_vus(vus: int, duration_s: float, pause_s: float) -> None:
    assert bound(ramp((0, vus), (duration_s, vus), pause_s=pause_s)) == bound(constant(vus, duration_s, pause_s))
