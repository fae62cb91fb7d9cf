"""Two arms of one experiment: what the experiment says of them is what `compare` says; nothing wrong is ranked."""

import sys

import numpy as np
import pytest

from rushlab.cli.main import main
from rushlab.flows.comparing import compare_two
from rushlab.flows.experiments import open_result
from rushlab.model.comparison import Outcome
from rushlab.model.verdict import ExitCode, Status

NOISE = np.random.default_rng(3).normal(0, 0.14, size=(20, 50))
LARGE = [{"name": "large", "set": {"pool_size": 20}}]
#: Eight variants, of which one looks better until Holm's correction over all of them is made.
EIGHT = [{"name": f"v{number}", "set": {"pool_size": 20 + number}} for number in range(8)]


def times(spread=0.14, **factors):
    """Arm → factor on 100 ms, with noise."""
    return lambda arm, block: (
        100 * factors.get(arm, 1.0) * float(np.exp(spread / 0.14 * NOISE[block, sum(map(ord, arm)) % 50]))
    )


def primary(found):
    return next(one for one in found if one.metric == "accept_p95_ms")


@pytest.fixture
def wrong(driver, tuning, plan):
    """An experiment whose `large` pool takes half the time and breaks an invariant."""
    driver.value = times(0.02, large=0.5)
    driver.audit = lambda arm, block: Status.FAIL if arm == "large" else Status.PASS
    return tuning.start(plan(blocks=6, variants=LARGE)).planned.id


@pytest.mark.parametrize("names", [("baseline", "large"), ("large", "baseline")])
def test_an_arm_that_broke_an_invariant_has_no_verdict(bench, wrong, names):
    found = compare_two(bench, *(f"{wrong}:{name}" for name in names))
    assert {one.verdict for one in found} == {None}
    assert "I1 failed in 'large'" in primary(found).reason


def test_a_broken_invariant_is_exit_code_5(wrong, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rushlab", "compare", f"{wrong}:baseline", f"{wrong}:large"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ExitCode.INVARIANT_FAILED
    assert "faster but wrong" in " ".join(capsys.readouterr().out.split())


def test_what_makes_the_experiment_exploratory_is_said_of_its_arms(bench, driver, tuning, plan):
    driver.value = times(0.02, large=0.5)
    experiment = tuning.start(plan(blocks=3, variants=LARGE)).planned.id
    found = compare_two(bench, f"{experiment}:baseline", f"{experiment}:large")
    assert all("exploratory: a screening of 3 blocks" in one.warnings for one in found)


def test_a_declared_pair_stands_as_in_the_experiment_with_holm_over_all(bench, driver, tuning, plan):
    driver.value = times(v3=0.76)
    experiment = tuning.start(plan(blocks=6, variants=EIGHT)).planned.id
    found = primary(compare_two(bench, f"{experiment}:baseline", f"{experiment}:v3"))
    stands = open_result(bench, experiment).comparison("v3")
    assert stands.verdict is Outcome.INCONCLUSIVE
    assert (found.verdict, found.p_adjusted, found.reason) == (stands.verdict, stands.p_adjusted, stands.reason)


def test_a_pair_that_the_plan_does_not_have_is_exploratory(bench, driver, tuning, plan):
    driver.value = times(0.02, v3=0.76)
    experiment = tuning.start(plan(blocks=6, variants=EIGHT)).planned.id
    found = primary(compare_two(bench, f"{experiment}:v4", f"{experiment}:v3"))
    assert (found.declared, found.verdict, found.p_adjusted) == (False, Outcome.BETTER, None)
    assert "exploratory, as the plan did not declare it" in found.reason
    turned = primary(compare_two(bench, f"{experiment}:v3", f"{experiment}:baseline"))
    assert not turned.declared
