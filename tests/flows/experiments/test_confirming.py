"""The winner of several variants, confirmed by fresh runs: chosen, driven, resumed, and the headline."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tests.flows.experiments.conftest import no_stack

from rushlab.flows.confirming import confirm, fresh_plan
from rushlab.flows.experiments import exit_code, open_result, result_of, trials
from rushlab.flows.resuming import find_unfinished
from rushlab.flows.section_six import gather
from rushlab.flows.tune import draw_places
from rushlab.flows.tuning import TuneOrder
from rushlab.model.comparison import Outcome
from rushlab.model.errors import Interrupted, UsageError
from rushlab.model.guess import Decision
from rushlab.model.verdict import ExitCode, Status
from rushlab.show import section_six as show
from rushlab.world.experiments import all_experiments, confirmation_of, run_of

NOISE = np.random.default_rng(9).normal(0, 0.02, size=(1000,))
SIZES = [{"name": name, "set": {"pool_size": size}} for name, size in (("small", 5), ("large", 20), ("huge", 40))]


@pytest.fixture
def three(plan):
    """Three variants in six blocks, the winner in six fresh ones."""
    return lambda **fields: plan(**({"variants": SIZES, "blocks": 6, "confirm": 6} | fields))


def lucky(driver, large=(0.7, 0.7), others=1.0):
    """`large` takes so much of the baseline's time in the selection, and so much in the fresh runs; 2 % noise."""

    def value(arm, block):
        fresh = "confirmation" in driver.orders[-1].labels["experiment"]["id"]
        factor = large[fresh] if arm == "large" else 1.0 if arm == "baseline" else others
        return 100 * factor * float(np.exp(NOISE[len(driver.orders)]))

    driver.value = value


def driven(tuning, made):
    folder = tuning.start(made)
    confirm(tuning, folder, made.confirm)
    return folder


def test_winner_is_driven_again_and_that_figure_is_the_headline(bench, driver, tuning, three):
    lucky(driver, large=(0.5, 0.8))
    result = result_of(bench, driven(tuning, three()))
    won = result.winner
    assert (won.arm, won.among, won.confirmation.complete) == ("large", 3, True)
    assert won.selected.ratio == pytest.approx(0.5, rel=0.05)
    assert won.confirmation.comparison.ratio == pytest.approx(0.8, rel=0.05)
    assert "'large' is better than 'baseline', confirmed: accept p95 0." in result.sentence
    assert "selected as the best of 3: accept p95 0.499 ×" in result.sentence
    assert result.comparison("large").ratio == won.selected.ratio, "fresh runs are not mixed with the selection"


def test_fresh_runs_are_planned_once_and_their_seeds_were_never_used(bench, driver, tuning, three):
    lucky(driver)
    folder = driven(tuning, three())
    fresh = confirmation_of(folder)
    assert fresh.planned.confirms == folder.planned.id
    assert [arm.name for arm in fresh.planned.plan.arms] == ["baseline", "large"]
    assert len(driver.orders) == three().runs == 1 + 4 * 6 + 1 + 2 * 6
    before, after = ({place.seed for place in one.planned.measured} for one in (folder, fresh))
    assert not before & after
    assert [one.planned.id for one in all_experiments(bench.settings.experiments)] == [folder.planned.id]
    confirm(tuning, folder, 6)
    assert len(driver.orders) == three().runs, "what is made is not made again"


def test_winner_that_was_only_lucky_is_not_confirmed(bench, driver, tuning, three):
    lucky(driver, large=(0.7, 1.0))
    result = result_of(bench, driven(tuning, three()))
    assert result.comparison("large").verdict is Outcome.BETTER
    assert result.winner.confirmation.comparison.verdict is not Outcome.BETTER
    assert "is not confirmed, it is equivalent" in result.sentence


def test_before_fresh_runs_the_headline_warns(bench, driver, tuning, three):
    lucky(driver)
    result = result_of(bench, tuning.start(three(confirm=0)))
    assert "biased upward" in result.sentence
    assert result.winner.confirmation is None
    assert "not confirmed by fresh runs" in result.winner.sentence


def test_nothing_is_driven_when_no_variant_looks_better(bench, driver, tuning, three):
    lucky(driver, large=(1.5, 1.5), others=1.4)
    result = result_of(bench, driven(tuning, three()))
    assert len(driver.orders) == 1 + 4 * 6
    assert (result.winner.arm, result.winner.confirmation) == (None, None)
    assert "nothing to confirm" in result.winner.sentence


def test_red_arm_cannot_win(bench, driver, tuning, three):
    lucky(driver, others=0.9)
    driver.audit = lambda arm, block: Status.FAIL if arm == "large" else Status.PASS
    result = result_of(bench, driven(tuning, three()))
    assert result.winner.arm in ("small", "huge")


def test_invariant_that_fails_in_a_fresh_run_is_no_confirmation(bench, driver, tuning, three):
    lucky(driver)
    driver.audit = lambda arm, block: (
        Status.FAIL if (arm, len(driver.orders)) == ("large", 30) or len(driver.orders) > 34 else Status.PASS
    )
    result = result_of(bench, driven(tuning, three()))
    assert result.winner.confirmation.comparison.verdict is None
    assert "has no verdict, I1 failed" in result.sentence
    assert exit_code(result) is ExitCode.INVARIANT_FAILED


@pytest.mark.parametrize("position", [0, 1, 12])
@pytest.mark.parametrize("after", [False, True], ids=["in mid-run", "before it was recorded"])
def test_killed_while_it_confirms_it_goes_on_from_whole_runs(bench, driver, tuning, three, killing, position, after):
    lucky(driver)
    made = three(blocks=3)
    folder = tuning.start(made)
    killing(position, after=after)
    with pytest.raises(BaseException, match=r"\d+"):
        confirm(tuning, folder, made.confirm)
    killing(None)
    killing(None, after=True)
    found = find_unfinished(bench, made)
    assert found.planned.id == folder.planned.id
    before = len(driver.orders)
    confirm(tuning, found, made.confirm)
    fresh = confirmation_of(found)
    assert len(driver.orders) - before == 13 - position - after, "no whole run is made twice"
    assert fresh.progress.complete
    assert len({run_of(fresh, place, bench.settings.runs).record.id for place in fresh.planned.places}) == 13
    with pytest.raises(UsageError, match="no unfinished"):
        find_unfinished(bench, made)


def test_interrupted_confirmation_names_the_experiment_to_go_on_with(driver, tuning, three):
    lucky(driver)
    folder = tuning.start(three())

    def stop(position):
        if position == 4:
            raise KeyboardInterrupt

    driver.before = stop
    with pytest.raises(Interrupted) as stopped:
        confirm(tuning, folder, 6)
    assert f"rushlab tune {folder.planned.id} --resume" in stopped.value.sentence
    assert "the fresh runs are not made yet" not in open_result(tuning.bench, folder.planned.id).sentence


def test_confirmation_is_asked_for_by_the_plan_or_afterwards(bench, driver, tuning, three, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("metric: accept_p95_ms\nvariants: [{pool_size: 20}, {pool_size: 5}]\nblocks: 3\n")
    assert TuneOrder.parse(bench, str(path)).confirm == 0
    order = TuneOrder.parse(bench, str(path), confirm=True)
    assert (order.confirm, order.plan.confirm, order.plan.runs) == (3, 3, 1 + 3 * 3 + 1 + 2 * 3)
    lucky(driver)
    folder = tuning.start(three(confirm=0))
    order = TuneOrder.parse(bench, folder.planned.id, resume=True, confirm=True)
    assert (order.resumed.planned.id, order.confirm) == (folder.planned.id, 6)


def test_what_selects_nothing_cannot_be_confirmed(bench, driver, tuning, plan):
    with pytest.raises(UsageError, match="no winner to confirm"):
        TuneOrder.parse(bench, "a-a", confirm=True)
    folder = tuning.start(plan(a_a=True, variants=[]))
    with pytest.raises(UsageError, match="no winner to confirm"):
        confirm(tuning, folder, 3)
    assert open_result(bench, "last").winner is None


def test_fresh_plan_is_judged_as_before(three):
    made = three(constraints={"thresholds": ["success_rate>=0.9"]}, factors={}, budget_minutes=500)
    fresh = fresh_plan(made, "huge", 4)
    assert (fresh.goal, fresh.load, fresh.limits, fresh.blocks) == (made.goal, made.load, made.limits, 4)
    assert (fresh.confirm, fresh.budget_min, fresh.runs) == (0, None, 9)
    assert draw_places(fresh) == draw_places(fresh_plan(made, "huge", 4))


@contextmanager
def behind(driving, *stack):
    """A stack that is had only after another workbench has driven what it wants."""
    driving()
    with no_stack(*stack) as backend:
        yield backend


def test_fresh_runs_that_another_workbench_made_meanwhile_are_not_made_again(driver, tuning, three):
    lucky(driver)
    folder = tuning.start(three())
    late = partial(behind, lambda: confirm(tuning, folder, 6))
    confirm(replace(tuning, hands=replace(tuning.hands, stack=late)), folder, 6)
    assert len(driver.orders) == three().runs


@pytest.fixture
def known_noise(driver, tuning, plan):
    lucky(driver)
    tuning.start(plan(a_a=True, variants=[], blocks=6))


def test_a_measure_is_decided_by_the_fresh_runs_not_by_what_selected_it(bench, driver, tuning, three, known_noise):
    lucky(driver, large=(0.7, 1.0))
    folder = driven(tuning, three())
    assert {one.arm: one.verdict for one in trials(bench, driver.environment)} == dict.fromkeys(
        ("small", "large", "huge"), "equivalent"
    )
    page = gather(bench, [folder.planned.id])
    (pool,) = [one for one in page.recommendations if one.measure.id == "pool-size"]
    large, huge = pool.tried
    assert (large.comparison.verdict, pool.answer.decision) == (Outcome.EQUIVALENT, Decision.REFUTED)
    assert large.typical[1] / large.typical[0] == pytest.approx(large.comparison.ratio, rel=0.01)
    assert (bool(large.fresh), huge.fresh) == (True, None)
    (table,) = [part for part in show.section(page, "6-2") if getattr(part, "caption", "") == "What was tried"]
    assert "Of the fresh runs that followed its selection: large." in table.remarks
    assert show.summary(page).rows


def test_fresh_runs_that_are_exploratory_leave_nothing_that_decides(bench, driver, tuning, three, known_noise):
    lucky(driver)
    folder = driven(tuning, three(confirm=3))
    assert {one.arm for one in trials(bench, driver.environment)} == {"small", "huge"}
    page = gather(bench, [folder.planned.id])
    (pool,) = [one for one in page.recommendations if one.measure.id == "pool-size"]
    assert pool.tried[0].exploratory == "a screening of 3 blocks"
    assert any("large is better" in str(part) and "a screening" in str(part) for part in show.section(page, "6-2"))


def test_until_all_fresh_runs_are_made_the_selection_stands(bench, driver, tuning, three, known_noise):
    lucky(driver, large=(0.7, 1.0))
    folder = tuning.start(three())
    driver.before = lambda position: (_ for _ in ()).throw(KeyboardInterrupt) if position == 7 else None
    with pytest.raises(Interrupted):
        confirm(tuning, folder, 6)
    assert {one.arm: one.verdict for one in trials(bench, driver.environment)}["large"] == "better"
