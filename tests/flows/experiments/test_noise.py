"""Which A/A experiment is the noise floor of another one: enough blocks first, then the same load, then the newest."""

import numpy as np
import pytest

from rushlab.flows.experiments import open_result
from rushlab.model.verdict import Status

NOISE = np.random.default_rng(41).normal(0, 0.02, size=(1000,))


@pytest.fixture
def again(driver, tuning, plan):
    """Drive one setting against itself; the experiment's id."""
    driver.value = lambda arm, block: 100 * float(np.exp(NOISE[len(driver.orders)]))
    return lambda **fields: tuning.start(plan(**({"a_a": True, "variants": [], "blocks": 6} | fields))).planned.id


@pytest.fixture
def floor(bench, tuning, plan):
    """V12 of an experiment of six blocks, made at first and judged anew by every call."""
    made = []

    def judged(**fields):
        made.extend([] if made else [tuning.start(plan(blocks=6, **fields)).planned.id])
        result = open_result(bench, made[0])
        return next(check for check in result.checks if check.id == "V12"), result

    return judged


def test_a_later_short_one_does_not_take_the_place_of_one_that_is_enough(again, floor):
    long = again()
    again(blocks=3, seed=9)
    check, result = floor()
    assert (check.status, result.noise_of("accept_p95_ms").experiment) == (Status.PASS, long)
    assert result.exploratory is None


def test_of_those_that_are_enough_one_of_the_same_load_then_the_newest(again, floor):
    again()
    same = again(seed=7)
    again(load={"scale": 0.1})
    check, result = floor()
    assert (check.status, result.noise_of("accept_p95_ms").experiment) == (Status.PASS, same)
    assert "made with steady, 500 users, scale full" in check.evidence


def test_where_none_is_enough_the_newest_stands_and_fails(again, floor):
    again(blocks=3)
    short = again(blocks=4, seed=8)
    check, result = floor()
    assert (check.status, result.noise_of("accept_p95_ms").experiment) == (Status.FAIL, short)


def test_that_of_another_load_warns_and_says_so(again, floor):
    other = again(load={"scale": 0.1})
    again(blocks=3)
    check, result = floor(load={"vus": 900})
    assert (check.status, result.noise_of("accept_p95_ms").experiment) == (Status.WARN, other)
    assert "made with steady, 500 users, scale demo, another load than this experiment's" in check.evidence
    assert result.exploratory is None, "the noise of another load is known, not missing"


def test_an_open_load_is_said_by_its_rate(again, floor):
    again(load={"rate": 150})
    check, _ = floor(load={"rate": 150})
    assert check.status is Status.PASS
    assert "made with steady, 150 arrivals per second, scale full" in check.evidence
