"""Stages of the shipped profiles, written down by hand from k6/profiles.json."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushlab.judge.bound import planned_vus
from rushlab.judge.stages import Window, plateaus, stages, steady_window
from rushlab.model.profile import Profile, Stage
from rushlab.world.profiles import load_profiles
from rushlab.world.settings import Settings

PROFILES = load_profiles(Settings())


def ramp(*steps, **more):
    return Profile(
        name="x",
        title="X",
        purpose="",
        executor="ramping-vus",
        pause_s=1,
        thresholds={},
        stages=tuple(Stage(*step) for step in steps),
        **more,
    )


def test_steady_ramps_holds_and_ends():
    assert stages(PROFILES["steady"]) == (
        Window(0, 10, 0, 500),
        Window(10, 70, 500, 500),
        Window(70, 80, 500, 0),
    )
    assert [window.plateau for window in stages(PROFILES["steady"])] == [False, True, False]


def test_scaled_stages_meet_exactly():
    windows = stages(PROFILES["load"].at_scale(0.1))
    assert [(window.start_s, window.end_s) for window in windows] == [(0, 3), (3, 9), (9, 12)]


def test_constant_vus_are_one_plateau():
    assert stages(PROFILES["smoke"]) == (Window(0, 10, 1, 1),)
    assert steady_window(PROFILES["smoke"]) == (0, 10)


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("steady", (10, 70)),
        ("load", (30, 90)),
        ("stress-500", (420, 480)),  # four plateaus of a minute: the one at 2,000
        ("stress-100", None),
        ("peak-1500", None),
        ("peak-2000", None),
    ],
)
def test_steady_window(name, window):
    assert steady_window(PROFILES[name]) == window


def test_stages_in_a_row_at_one_level_are_one_plateau():
    profile = ramp((5, 10), (20, 10), (20, 10), (30, 20), (30, 20))
    assert plateaus(profile) == (Window(5, 45, 10, 10), Window(75, 105, 20, 20))
    assert steady_window(profile) == (5, 45)


def test_a_jump_has_no_window_and_starts_a_plateau():
    assert stages(ramp((0, 50), (30, 50))) == (Window(0, 30, 50, 50),)


def test_no_load_is_no_plateau():
    assert steady_window(ramp((10, 0), (5, 10), (5, 0))) is None


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 50)), min_size=1, max_size=6))
def test_windows_cover_the_plan_and_follow_its_line(steps):
    profile = ramp(*steps)
    windows = stages(profile)
    assert windows[0].start_s == 0
    assert windows[-1].end_s == profile.length_s
    assert all(a.end_s == b.start_s and a.to_vus == b.from_vus for a, b in pairwise(windows))
    for window in windows:
        middle = (window.start_s + window.end_s) / 2
        assert planned_vus(profile, middle) == pytest.approx((window.from_vus + window.to_vus) / 2)
