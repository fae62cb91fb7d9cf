"""V9: Little's law and the utilisation law, on literal figures that hold and that do not."""

from __future__ import annotations

import pandas as pd
import pytest

from rushlab.judge.laws import LawFacts, Users, accounting_laws, mean_vus, windows
from rushlab.model.profile import Profile, Stage
from rushlab.model.verdict import Status

BEGIN = 1_795_000_000.0


def profile(*stages: tuple[float, int]) -> Profile:
    fields = {"name": "p", "title": "", "purpose": "", "executor": "ramping-vus", "pause_s": 1, "thresholds": {}}
    return Profile(**fields, stages=tuple(Stage(seconds, target) for seconds, target in stages))


def samples(*levels: float, every: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"time": [BEGIN + place * every for place in range(len(levels))], "vus": levels})


def judge(*users: tuple[float | None, float | None], **more):
    found = [Users((BEGIN, BEGIN + 40), *pair) for pair in users]
    return accounting_laws(LawFacts(model=more.pop("model", "closed"), users=found, length_s=45.0, **more))


def test_a_plateau_is_the_window_and_a_ramp_all_that_was_sampled() -> None:
    held = profile((10, 100), (30, 100), (10, 0))
    assert windows(held, BEGIN, samples(*range(50))) == ((BEGIN + 10, BEGIN + 40),)
    assert windows(profile((20, 100), (20, 0)), BEGIN, samples(*range(41))) == ((BEGIN, BEGIN + 40),)
    assert windows(profile((2, 100), (2, 0)), BEGIN, samples(*range(5))) == (), "too short a ramp for a sample a second"


def test_mean_of_samples_is_straight_between_them() -> None:
    assert mean_vus(samples(0, 10, 20, 10, 0), (BEGIN, BEGIN + 4)) == pytest.approx(10.0)
    assert mean_vus(samples(0, 10, 20, 10, 0), (BEGIN + 0.5, BEGIN + 1.5)) == pytest.approx(10.0)
    assert mean_vus(samples(0, 50, 50, 50, 0), (BEGIN + 0.5, BEGIN + 3.5)) == 50.0, "ramps are of another load"
    assert mean_vus(samples(7, 7, 7), (BEGIN - 1, BEGIN + 3)) == pytest.approx(7.0)


def test_mean_with_a_gap_or_without_samples_is_not_known() -> None:
    assert mean_vus(samples(5, 5, 5, every=4.0), (BEGIN, BEGIN + 8)) is None
    assert mean_vus(samples(5, 5, 5), (BEGIN, BEGIN + 9)) is None
    assert mean_vus(samples(), (BEGIN, BEGIN + 2)) is None


@pytest.mark.parametrize(
    ("spent", "status"),
    [(100.0, Status.PASS), (95.1, Status.PASS), (104.9, Status.PASS), (94.9, Status.FAIL), (105.1, Status.FAIL)],
)
def test_little_holds_within_five_per_cent(spent: float, status: Status) -> None:
    assert judge((100.0, 100.0), (100.0, spent)).status is status


def test_window_that_is_not_known_is_no_pass_and_hides_no_failure() -> None:
    assert judge((100.0, 100.0), (None, 100.0)).status is Status.UNKNOWN
    assert judge((100.0, None)).status is Status.UNKNOWN
    assert judge((100.0, 50.0), (None, 100.0)).status is Status.FAIL


@pytest.mark.parametrize(
    ("busy", "status"),
    [
        ({"service": (0.50, 0.50)}, Status.PASS),
        ({"service": (0.54, 0.50)}, Status.PASS),
        ({"service": (0.56, 0.50)}, Status.FAIL),
        ({"service": (0.50, 0.50), "relay": (0.04, 0.02)}, Status.PASS),
        ({"service": (0.50, 0.50), "relay": (0.30, 0.20)}, Status.FAIL),
    ],
)
def test_utilisation_holds_within_ten_per_cent_where_it_is_large_enough(busy: dict, status: Status) -> None:
    assert judge((100.0, 100.0), busy=busy).status is status


def test_what_does_not_apply_is_neither_a_pass_nor_a_failure() -> None:
    found = judge((100.0, 50.0), model="open")
    assert (found.status, "an open model's VUs wait in a pool" in found.value) == (Status.NA, True)
    assert judge(model="open", busy={"service": (0.9, 0.5)}).status is Status.FAIL
    assert judge().status is Status.NA
    short = LawFacts(
        model="closed", users=[Users((BEGIN, BEGIN + 8), 9.0, 9.0)], length_s=9.0, busy={"service": (0.9, 0.5)}
    )
    assert (accounting_laws(short).status, "too short" in accounting_laws(short).evidence) == (Status.PASS, True)


def test_evidence_that_is_missing_is_named() -> None:
    found = judge((100.0, 100.0), lacking=["CPU time or its series were not recorded"])
    assert (found.status, "were not recorded" in found.evidence) == (Status.UNKNOWN, True)
