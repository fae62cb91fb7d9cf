"""V8: what plateaus do, from a timeline of seconds."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from rushlab.judge.stages import Window
from rushlab.judge.steady import State, steadiness, steady_state
from rushlab.model.profile import Profile, Stage
from rushlab.model.verdict import Status

PLATEAU = Window(10, 70, 500, 500)


def noise(chance, n, sd, rho=0.4):
    return lfilter([1], [1, -rho], chance.normal(size=n + 50) * sd * np.sqrt(1 - rho**2))[50:]


def timeline(p95=1.0, rate=1.0, seed=1, n=80):
    """80 seconds; `p95` and `rate` multiply the usual 100 ms and 500 requests, for each second."""
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "second": range(n),
            "p95_ms": 100 * p95 * np.exp(noise(chance, n, 0.08)),
            "requests": np.rint(500 * rate * np.exp(noise(chance, n, 0.02))).astype(int),
        }
    )


def step(at, factor, n=80):
    return np.where(np.arange(n) >= at, factor, 1.0)


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        (timeline(), State.FLAT),
        (timeline(p95=step(30, 0.5)), State.WARMING),
        (timeline(p95=step(30, 0.5), rate=step(30, 1.2)), State.WARMING),
        (timeline(p95=step(60, 0.5)), State.NOT_STEADY),
        (timeline(p95=step(40, 1.6)), State.DEGRADING),
        (timeline(rate=step(40, 0.7)), State.DEGRADING),
        (timeline(p95=np.linspace(1, 3, 80)), State.DEGRADING),
        (timeline(p95=step(30, 2.0) / step(50, 2.0)), State.NOT_STEADY),
        (timeline(p95=step(40, 0.5), rate=step(40, 0.6)), State.NOT_STEADY),
    ],
    ids=["noise", "faster", "faster, both", "faster too late", "slower", "fewer", "slope", "hump", "contradicting"],
)
def test_states(seconds, state):
    assert steadiness(seconds, PLATEAU).state is state


def test_what_changed_and_when():
    found = steadiness(timeline(p95=step(30, 0.5)), PLATEAU)
    (change,) = found.changes
    assert (change.what, change.ratio) == ("p95", pytest.approx(0.5, rel=0.1))
    assert abs(change.second - 30) <= 1
    assert found.steady_from_s == change.second
    assert found.reason.startswith("p95 ×0.")


def test_false_alarms_on_noise_of_both_series():
    found = [steadiness(timeline(seed=seed), PLATEAU).state for seed in range(200)]
    assert sum(state is not State.FLAT for state in found) <= 10


def test_a_change_that_is_certain_but_small_is_none():
    quiet = timeline().assign(p95_ms=100 * step(40, 1.03), requests=500)
    assert steadiness(quiet, PLATEAU).state is State.FLAT


def test_seconds_outside_the_plateau_do_not_count():
    assert steadiness(timeline(p95=step(70, 3.0) / step(10, 3.0) * 3.0), PLATEAU).state is State.FLAT


@pytest.mark.parametrize(
    ("seconds", "window", "words"),
    [
        (timeline(), Window(10, 39.5, 500, 500), "29 whole seconds, fewer than 30"),
        (timeline(p95=np.tile([1, 1, 1, 9, 9, 1, 1, 1, 1, 9], 8)), PLATEAU, "too noisy to tell"),
        (timeline(rate=0.02), PLATEAU, "10 requests a second"),
        (timeline().head(0), PLATEAU, "0 requests a second"),
    ],
)
def test_not_judged_with_its_reason(seconds, window, words):
    found = steadiness(seconds, window)
    assert found.state is State.NA
    assert words in found.reason


def test_seconds_without_an_answer_are_not_steady():
    seconds = timeline()
    seconds.loc[40:44, ["requests", "p95_ms"]] = [0, np.nan]
    found = steadiness(seconds, PLATEAU)
    assert (found.state, found.reason) == (State.NOT_STEADY, "5 of 60 seconds had no answer")
    seconds.loc[40:42, ["requests", "p95_ms"]] = [500, 100]
    assert steadiness(seconds, PLATEAU).state is State.FLAT


def profile(*stages):
    return Profile(
        name="x",
        title="X",
        purpose="",
        executor="ramping-vus",
        pause_s=1,
        thresholds={},
        stages=tuple(Stage(*one) for one in stages),
    )


@pytest.mark.parametrize(
    ("stages", "seconds", "status", "value"),
    [
        ([(10, 500), (60, 500), (10, 0)], timeline(), Status.PASS, "flat"),
        ([(10, 500), (60, 500), (10, 0)], timeline(p95=step(40, 2)), Status.WARN, "degrading"),
        ([(10, 500), (20, 500), (10, 0)], timeline(), Status.NA, "20 whole seconds, fewer than 30"),
        ([(10, 500), (10, 0)], timeline(), Status.NA, "no plateau"),
    ],
)
def test_the_check(stages, seconds, status, value):
    found = steady_state(profile(*stages), seconds)
    assert (found.id, found.status, found.value) == ("V8", status, value)
    assert found.evidence


@pytest.mark.parametrize(("seconds", "state"), [(30, State.NA), (31, State.FLAT)])
def test_a_second_without_an_answer_does_not_count_among_the_thirty(seconds, state):
    empty = timeline()
    empty.loc[20, ["requests", "p95_ms"]] = [0, np.nan]
    found = steadiness(empty, Window(10, 10 + seconds, 500, 500))
    assert found.state is state
    assert state is State.FLAT or found.reason == "29 seconds with an answer, fewer than 30"
