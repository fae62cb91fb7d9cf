"""An experiment that stopped on its way: it shows what its blocks say, and decides nothing."""

import numpy as np
import pytest

from rushlab.flows.confirming import confirm
from rushlab.flows.experiments import open_result, result_of, trials
from rushlab.flows.section_six import gather
from rushlab.judge.trials import Expectation, tried
from rushlab.model.comparison import Outcome
from rushlab.model.errors import Interrupted
from rushlab.model.verdict import Status
from rushlab.world.experiments import open_experiment

NOISE = np.random.default_rng(31).normal(0, 0.02, size=(1000,))
POOL = {"baseline": "report", "variants": [{"name": "pool", "set": {"pool_size": 30}, "section": "6-2"}]}


@pytest.fixture
def stopped(driver, tuning, plan):
    """Start an experiment of six blocks, with the noise floor known, and interrupt it before a position."""
    driver.value = lambda arm, block: 100 * (0.7 if arm == "pool" else 1) * float(np.exp(NOISE[len(driver.orders)]))
    tuning.start(plan(a_a=True, variants=[], blocks=6))

    def stop(position, **fields):
        def interrupt(at):
            if at == position:
                raise KeyboardInterrupt

        driver.before = interrupt
        with pytest.raises(Interrupted):
            tuning.start(plan(**({"blocks": 6} | POOL | fields)))
        driver.before = lambda at: None

    return stop


def test_what_stopped_after_half_of_its_blocks_is_exploratory(bench, stopped):
    stopped(7)
    result = open_result(bench, "last")
    assert result.comparison("pool").verdict is Outcome.BETTER
    assert result.exploratory == "only 3 of 6 blocks are made"
    assert result.sentence.startswith("Exploratory (only 3 of 6 blocks are made): ")


def test_the_design_counts_against_all_planned_runs(bench, stopped):
    stopped(7)
    (design,) = [check for check in open_result(bench, "last").checks if check.id == "V11"]
    assert (design.status, design.value) == (Status.WARN, "6 of 12 planned runs in 6 randomised complete blocks")
    assert "not made yet: blocks 4, 5, 6" in design.evidence


def test_it_settles_no_recommendation_until_it_is_complete(bench, driver, tuning, stopped):
    def answers():
        found = gather(bench, ["last"]).recommendations
        return {one.answer.decision for one in found if one.answer}

    stopped(7)
    assert not answers() & {"confirmed", "refuted"}
    assert trials(bench, driver.environment) == ()
    tuning.resume(open_experiment(bench.settings.experiments, "last"))
    assert open_result(bench, "last").exploratory is None
    assert "confirmed" in answers()
    assert [found.verdict for found in trials(bench, driver.environment)] == ["better"]


def test_a_screening_that_stopped_says_how_far_it_came(bench, stopped):
    stopped(5, blocks=3)
    assert open_result(bench, "last").exploratory == "only 2 of 3 blocks are made"


def test_fresh_runs_that_stopped_are_exploratory_too(bench, driver, tuning, plan, stopped):
    folder = tuning.start(plan(**(POOL | {"blocks": 6})))
    driver.before = lambda at: (_ for _ in ()).throw(KeyboardInterrupt) if at == 7 else None
    with pytest.raises(Interrupted):
        confirm(tuning, folder, 6)
    found = result_of(bench, folder).winner.confirmation
    assert (found.complete, found.exploratory) == (False, "only 3 of 6 blocks are made")


def test_it_does_not_tell_whether_a_trap_held(bench, tuning, stopped):
    stopped(7, variants=[{"name": "trap", "set": {"pool_size": 30}, "section": "6-2", "trap": True}])
    (trap,) = tried([open_result(bench, "last")])
    assert (trap.comparison.verdict, trap.expectation) == (Outcome.EQUIVALENT, Expectation.OPEN)
    tuning.resume(open_experiment(bench.settings.experiments, "last"))
    (trap,) = tried([open_result(bench, "last")])
    assert trap.expectation is Expectation.HELD
