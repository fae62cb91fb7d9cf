"""The page of section 6: every recommendation with its experiment and verdict; traps, and whether they held."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as changed
from tests.flows.experiments.conftest import no_stack

from rushlab.cli.main import main
from rushlab.flows.plans import open_plan
from rushlab.flows.section_six import gather, open_section_six
from rushlab.flows.tune import Hands
from rushlab.flows.tuning import TuneOrder, carry_out
from rushlab.flows.workbench import Silent
from rushlab.judge.trials import Expectation
from rushlab.model.errors import ResultError
from rushlab.model.guess import Decision
from rushlab.model.verdict import Status
from rushlab.show import section_six as show
from rushlab.show.table import Table
from rushlab.world.experiments import open_experiment

NOISE = np.random.default_rng(21).normal(0, 0.02, size=(4000,))
#: Accept p95 by arm; confirm p95 by arm. Who is not named is as the report's design.
ACCEPT = {"narrow lock": 0.6, "atomic": 0.3, "grouped commits": 0.1, "all together": 0.1}
CONFIRM = {"partitions and key": 0.5, "batches": 1.0}


@pytest.fixture
def planted(driver):
    """Let the driver's figures follow the arms; returns what changes them."""

    def plant(accept=ACCEPT, confirm=CONFIRM):
        measured = type(driver).measures.__get__(driver)

        def measures(arm, block):
            noise = math.exp(NOISE[len(driver.orders)])
            driver.value = lambda *_: 100 * accept.get(arm, 1.0) * noise
            driver.others = {"confirm_p95_ms": 50 * confirm.get(arm, 1.0) * math.exp(NOISE[-len(driver.orders)])}
            return measured(arm, block)

        driver.measures = measures

    plant()
    return plant


@pytest.fixture
def drive(bench, tuning):
    """Drive a shipped plan with the noise floor known; the experiment's id."""

    def made(name="section-6", **fields):
        from msgspec.structs import replace as changed

        plan = open_plan(bench, name, blocks=6)
        if not any(folder.name.endswith("a-a") for folder in bench.settings.experiments.glob("*a-a*")):
            tuning.start(changed(open_plan(bench, "a-a"), others=()))
        return tuning.start(changed(plan, budget_min=None, **fields)).planned.id

    return made


def by_id(page):
    return {one.measure.id: one for one in page.recommendations}


def test_each_recommendation_has_its_experiment_and_verdict(bench, planted, drive):
    found = by_id(gather(bench, [drive()]))
    assert {name: one.answer.decision for name, one in found.items() if one.answer} == {
        "partitions-and-consumers": Decision.CONFIRMED,
        "batch-or-async": Decision.REFUTED,
        "pool-size": Decision.REFUTED,
        "smaller-transactions": Decision.CONFIRMED,
        "reserve-in-redis": Decision.CONFIRMED,
        "narrow-lock": Decision.CONFIRMED,
        "atomic": Decision.CONFIRMED,
    }
    assert [one.arm.name for one in found["partitions-and-consumers"].tried] == ["partitions", "partitions and key"]
    assert found["smaller-transactions"].tried[0].against.name == "atomic"
    assert found["smaller-transactions"].answer.value == pytest.approx(1 / 3, rel=0.05)
    assert (found["watchdog"].tried, found["watchdog"].answer) == ((), None)
    for one in show.guesses(gather(bench, ["last"])).answers:
        assert one.decision is not Decision.OPEN or one.command, one.guess.id


@pytest.mark.parametrize("name", ["partitions", "partition-key", "consumers-batch"])
def test_consumption_is_judged_by_how_soon_it_confirms_not_by_the_rate_of_the_load(bench, name):
    plan = open_plan(bench, name)
    assert (plan.goal.metric, plan.goal.better) == ("confirm_p95_ms", "lower")
    assert "confirm_rate_per_s" in plan.others
    assert {arm.metric for arm in open_plan(bench, "section-6").variants if arm.section == "6-1"} == {"confirm_p95_ms"}


def test_traps_say_whether_the_expectation_held(bench, planted, drive):
    page = gather(bench, [drive()])
    (told,) = show.traps(page)
    assert [one.sentence.partition(",")[0] for one in told] == ["partitions", "pool"]
    assert all("there is none that matters" in one.sentence for one in told)
    planted(accept=ACCEPT | {"pool": 0.5})
    page = gather(bench, [drive()])
    (pool,) = by_id(page)["pool-size"].tried
    assert pool.expectation is Expectation.BROKEN
    assert by_id(page)["pool-size"].answer.decision is Decision.CONFIRMED
    assert any("the expectation did not hold" in one.sentence for one in next(iter(show.traps(page))))


def test_what_is_not_shown_equivalent_does_not_confirm_that_nothing_happens(bench, driver, planted, drive):
    planted()
    noisy = driver.measures
    driver.measures = lambda arm, block: (
        noisy(arm, block) if arm != "pool" else replace_p95(noisy(arm, block), (0.8, 1.25)[block % 2])
    )
    (pool,) = by_id(gather(bench, [drive()]))["pool-size"].tried
    assert pool.expectation is Expectation.OPEN


def replace_p95(measures, factor):
    from msgspec.structs import replace as changed

    return changed(measures, values=measures.values | {"accept_p95_ms": measures.values["accept_p95_ms"] * factor})


def test_exploratory_experiment_shows_figures_and_decides_nothing(bench, planted, drive):
    page = gather(bench, [drive(blocks=3)])
    assert all(one.answer is None for one in page.recommendations)
    text = str(show.summary(page))
    assert "not measured here" in text
    assert "a screening of 3 blocks" in text
    sentences = [str(part) for part in show.section(page, "6-3")]
    assert any("Exploratory (a screening" in one for one in sentences)


def test_another_experiment_of_the_same_measure_counts_beside_it(bench, planted, drive):
    planted(accept=ACCEPT | {"pool_size=20": 0.5, "pool_size=2": 3.0})
    section, pools = drive(), drive("pool-size")
    found = by_id(gather(bench, [section, pools]))["pool-size"]
    assert [one.arm.name for one in found.tried] == ["pool", "pool_size=20"], "a smaller pool is not the measure"
    assert found.answer.decision is Decision.CONFIRMED
    assert "('pool' against 'baseline'): equivalent, where no effect was expected" in found.answer.reason


def test_every_part_shows_itself(bench, planted, drive):
    page = gather(bench, [drive()])
    parts = [*show.section(page, "6-1"), *show.section(page, "6-2"), *show.section(page, "6-3"), show.summary(page)]
    parts += [*show.together(page), *show.believed(page), *show.designs(page), show.guesses(page)]
    assert all(part._repr_html_() for part in parts if isinstance(part, Table))
    assert "고부하" in str(parts[0])
    assert [one.arm.name for one in page.together] == ["all together"]
    assert len(show.figures(page)) == 2
    assert "confirmed" in show.guesses(page)._repr_html_()


def test_one_page_is_written_by_tune_and_by_the_command(bench, driver, planted, monkeypatch, capsys, tmp_path):
    hands = Hands(driver.execute, no_stack, lambda bench, backend: driver.environment)
    order = TuneOrder.parse(bench, "lock-scope", blocks=2)
    tuned = carry_out(bench, replace(order, backend="native"), Silent(), hands=hands)
    assert (tuned.folder.path / "section-6.html").is_file()
    target = tmp_path / "out.html"
    monkeypatch.setattr(sys, "argv", ["rushlab", "section-6", tuned.folder.planned.id, "--out", str(target)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, capsys.readouterr().err
    text = target.read_text()
    for words in ("락 범위 최소화", "narrow", "Would settle it", "lock_scope wide → narrow"):
        assert words in text


def test_without_an_experiment_that_tries_any_it_is_one_sentence(bench, tuning, plan):
    with pytest.raises(ResultError, match="rushlab tune section-6"):
        open_section_six()
    tuning.start(plan())
    with pytest.raises(ResultError, match="rushlab tune section-6"):
        open_section_six()
    tuning.start(plan(variants=[{"name": "more", "set": {"pool_size": 20}, "section": "6-2"}]))
    assert open_section_six().results[0].experiment == open_experiment(bench.settings.experiments, "last").planned.id


def test_a_measure_that_was_tried_without_a_verdict_says_why(bench, driver, planted, drive):
    driver.audit = lambda arm, block: Status.FAIL if arm == "pool" else Status.PASS
    page = gather(bench, [drive()])
    assert by_id(page)["pool-size"].answer is None
    (row,) = [row for row in show.summary(page).rows if row.label == by_id(page)["pool-size"].measure.says]
    assert row.cells[1].text == "not decided here"
    assert "pool: I1 failed in 'pool': faster but wrong is never ranked" in row.cells[2].note


def test_a_measure_that_was_not_tried_is_told_in_whole_sentences(bench, tuning, plan):
    tuning.start(plan(variants=[{"name": "more", "set": {"pool_size": 20}, "section": "6-2"}]))
    said = [part.text for part in show.section(gather(bench, ["last"]), "6-3") if hasattr(part, "text")]
    told = [text for text in said if text.startswith("Not measured here: ")]
    assert told
    assert all("Would settle it: rushlab tune plans/" in text for text in told if "tune plans/" in text)
    assert any("tune plans/" in text for text in told)


def test_arms_without_a_figure_for_their_metric_are_counted_and_told(bench, driver, planted, drive):
    measured = driver.measures
    driver.measures = lambda arm, block: (
        changed(measured(arm, block), values=measured(arm, block).values | {"confirm_p95_ms": None})
        if arm == "atomic"
        else measured(arm, block)
    )
    result = gather(bench, [drive()]).results[0]
    declared = [one for one in result.comparisons if one.declared]
    assert len(declared) == len(result.arms) - 1
    lost = [one.variant for one in declared if one.ratio is None]
    assert lost == ["partitions", "partitions and key", "batches"]
