"""Change points: how often noise passes for a change, and which changes are found. Simulated with fixed seeds."""

import numpy as np
import pytest
from scipy.signal import lfilter

from rushlab.judge.change_points import change_points, levels, visible_change

MANY = 250


def noise(chance, n, rho, many=MANY):
    """`many` series of AR(1) noise with standard deviation 1."""
    shocks = chance.normal(size=(many, n + 100)) * np.sqrt(1 - rho**2)
    return lfilter([1], [1, -rho], shocks, axis=1)[:, 100:]


def alarms(series):
    return sum(bool(change_points(one)) for one in series) / len(series)


@pytest.mark.parametrize(("n", "rho"), [*((n, rho) for n in (30, 60, 120) for rho in (0.0, 0.3, 0.5, 0.7)), (300, 0.5)])
def test_noise_alone_is_no_change(n, rho):
    assert alarms(noise(np.random.default_rng(n), n, rho)) <= 0.05


@pytest.mark.parametrize(
    ("rho", "shift", "least"), [(0.0, 1.5, 0.8), (0.3, 2.0, 0.7), (0.3, 3.0, 0.9), (0.6, 4.0, 0.8)]
)
def test_a_planted_shift_of_60_seconds_is_found(rho, shift, least):
    """`shift` in standard deviations of one second, half way."""
    series = noise(np.random.default_rng(7), 60, rho, 100) + shift * (np.arange(60) >= 30)
    found = [change_points(one) for one in series]
    assert sum(map(bool, found)) >= least * 100
    near = [cuts for cuts in found if cuts and min(abs(cut - 30) for cut in cuts) <= 5]
    assert len(near) >= 0.9 * sum(map(bool, found))


def test_the_visible_change_is_found_in_about_80_percent():
    series = noise(np.random.default_rng(12), 60, 0.3, 200)
    size = float(np.median([visible_change(one) for one in series]))
    assert 0.65 < alarms(series + size * (np.arange(60) >= 30)) < 0.95


def test_a_hump_is_found_from_both_sides():
    series = noise(np.random.default_rng(8), 90, 0.3, 60)
    series[:, 30:60] += 3
    assert sum(len(change_points(one)) == 2 for one in series) >= 45


def test_a_slope_is_no_noise():
    series = noise(np.random.default_rng(10), 60, 0.3, 60) + np.linspace(0, 8, 60)
    assert alarms(series) == 1


def test_scale_and_level_do_not_matter():
    series = noise(np.random.default_rng(9), 60, 0.3, 1)[0] + 3 * (np.arange(60) >= 20)
    assert change_points(series) == change_points(1000 + 0.01 * series) == (20,)
    assert levels(np.array([1.0, 1.0, 4.0, 4.0]), [2]) == (1.0, 4.0)


def test_no_noise_at_all():
    assert change_points(np.full(60, 3.0)) == ()
    assert change_points(np.repeat([1.0, 2.0], 30)) == (30,)


def test_too_few_points_have_none():
    assert change_points(np.repeat([1.0, 9.0], 14)) == ()
    assert change_points(np.array([])) == ()
