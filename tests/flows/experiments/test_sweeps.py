"""A sweep as a whole: from crossed knobs through stand-in runs to its JSON, tables, figures and terminal."""

import json
import math
from io import StringIO

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from rushlab.flows.confirming import confirm
from rushlab.flows.experiments import result_json, result_of
from rushlab.model.comparison import Outcome
from rushlab.model.sweep import Standing
from rushlab.model.verdict import Validity
from rushlab.show import experiment_terminal, sweep
from rushlab.show.experiment_head import head
from rushlab.show.figures import sweep as drawn
from rushlab.show.table import Table
from rushlab.world.settings import PROJECT

NOISE = np.random.default_rng(12).normal(0, 0.02, size=(1000,))
#: Accept p95 by pool and outbox: the pool matters with a transaction per request only.
TIMES = {
    "baseline": 1.0,
    "pool_size=2": 4.0,
    "pool_size=20": 0.98,
    "outbox=grouped": 0.5,
    "pool_size=2 outbox=grouped": 0.5,
    "pool_size=20 outbox=grouped": 0.49,
}


@pytest.fixture
def crossed(plan):
    return lambda **fields: plan(
        **(
            {
                "baseline": {"preset": "recommended", "set": {"outbox": "per-request"}},
                "variants": [],
                "factors": {"pool_size": [2, 20], "outbox": ["grouped"]},
                "crossing": "full",
                "blocks": 6,
                "also": ["cpu_ms_per_request"],
            }
            | fields
        )
    )


@pytest.fixture
def result(bench, driver, tuning, crossed):
    driver.value = lambda arm, block: 100 * TIMES[arm] * math.exp(NOISE[len(driver.orders)])
    made = crossed(confirm=3)
    folder = tuning.start(made)
    confirm(tuning, folder, made.confirm)
    return result_of(bench, folder)


def said(result, name, metric="accept_p95_ms"):
    (found,) = [one for one in result.effects if (one.comparison.variant, one.comparison.metric) == (name, metric)]
    return found.comparison


def test_interaction_is_found_and_main_effects_average(result):
    assert said(result, "pool_size=2 × outbox=grouped").verdict is Outcome.BETTER
    assert said(result, "pool_size=2 × outbox=grouped").ratio == pytest.approx(0.25, rel=0.05)
    assert said(result, "pool_size=20 × outbox=grouped").verdict is Outcome.EQUIVALENT
    assert said(result, "pool_size=2").ratio == pytest.approx(2.0, rel=0.05)
    assert said(result, "outbox=grouped", "cpu_ms_per_request").ratio == 1.0


def test_front_needs_intervals(result):
    standing = {one.arm: one.standing for one in result.front.positions}
    assert standing["pool_size=2"] is Standing.DOMINATED
    assert standing["baseline"] is Standing.DOMINATED
    assert standing["outbox=grouped"] is Standing.OPEN, "two arms that are alike are not told apart"
    dominated = next(one for one in result.front.positions if one.arm == "baseline")
    assert "outbox=grouped" in dominated.beaten_by
    assert "pool_size=20" not in dominated.beaten_by


def test_json_follows_its_schema(result):
    schema = json.loads((PROJECT / "docs/schemas/experiment.schema.json").read_text())
    written = json.loads(json.dumps(result_json(result), allow_nan=False))
    jsonschema.validate(written, schema)
    assert written["winner"]["confirmation"]["blocks"] == 3
    assert len(written["effects"]) == 10


def test_heat_map_has_every_combination_with_its_verdict(result):
    (trace,) = drawn.heat_map(result).data
    assert (list(trace.y), list(trace.x)) == (["2", "10", "20"], ["per-request", "grouped"])
    texts = [text for row in trace.text for text in row]
    assert texts[2] == "1×<br>baseline"
    assert texts[0].endswith("▲ worse")
    assert texts[1].endswith("▼ better")
    assert np.exp(trace.z[0][0]) == pytest.approx(4.0, rel=0.05)


def test_heat_map_is_of_two_knobs_only(bench, driver, tuning, plan):
    driver.value = lambda arm, block: 100.0 * math.exp(NOISE[len(driver.orders)])
    folder = tuning.start(plan(variants=[], factors={"pool_size": [2], "batch_size": [100]}, crossing="one-factor"))
    result = result_of(bench, folder)
    assert drawn.heat_map(result) is None
    assert {one.kind for one in result.effects} == {"main"}
    assert "crossing: full" in str(sweep.effects(result).items[0])


def test_every_part_shows_itself(result):
    parts = [part for make in (sweep.winner, sweep.effects, sweep.front) for part in make(result)]
    assert all(part._repr_html_() for part in parts if isinstance(part, Table))
    selected, confirmed = next(part for part in sweep.winner(result) if isinstance(part, Table)).rows
    assert selected.label.startswith("selected as the best of 5")
    assert confirmed.label == "confirmed by fresh runs"
    names = [trace.name for trace in drawn.front(result, result.front).data]
    assert {"dominated", "cannot tell"} <= set(names)


def test_terminal_says_effects_winner_and_front(result):
    console = Console(width=250, record=True, file=StringIO())
    console.print(experiment_terminal.result(result))
    text = console.export_text()
    for words in (
        "confirmed by fresh runs",
        "pool_size 10 → 2, outbox per-request → grouped",
        "help each other",
        "dominated",
    ):
        assert words in text


def test_head_warns_until_the_winner_is_confirmed(bench, driver, tuning, crossed, result):
    assert not any("confirm" in text for text in head(result).warnings)
    unconfirmed = result_of(bench, tuning.start(crossed()))
    assert any("not confirmed by fresh runs" in text for text in head(unconfirmed).warnings)


@pytest.mark.parametrize(
    ("crossing", "words"),
    [
        ("full", ["averaged (geometric mean) over every setting of the other knobs"]),
        ("one-factor", ["every other knob as in baseline"]),
        ("fractional", ["over 2 settings of the other knobs", "what both other knobs do only together"]),
    ],
)
def test_main_effects_are_told_as_the_crossing_makes_them(driver, bench, tuning, plan, crossing, words):
    driver.value = lambda arm, block: 100.0 * math.exp(NOISE[len(driver.orders)])
    factors = {"pool_size": [2], "batch_size": [100], "partitions": [1]}
    result = result_of(bench, tuning.start(plan(variants=[], factors=factors, crossing=crossing)))
    (table,) = [part for part in sweep.effects(result) if isinstance(part, Table)]
    told = " ".join(table.remarks)
    assert all(one in told for one in words)
    assert ("every setting" in told, "half fraction" in told) == (crossing == "full", crossing == "fractional")


def test_a_plan_of_several_arms_that_selects_nothing_says_why(bench, driver, tuning, plan):
    driver.value = lambda arm, block: 100.0 * math.exp(NOISE[len(driver.orders)])
    alike = [{"name": name, "set": {}} for name in ("b", "c")]
    of_another = {"name": "more", "set": {"pool_size": 40}, "against": "pool_size=20"}
    for fields, words in (
        ({"a_a": True, "variants": alike}, "all of its arms have the same settings"),
        ({"variants": [{"pool_size": 20}, of_another]}, "of its 2 variants only pool_size=20 is held against baseline"),
    ):
        (said,) = sweep.winner(result_of(bench, tuning.start(plan(**fields))))
        assert words in said.text


def test_plan_that_selects_nothing_says_so(bench, driver, tuning, plan):
    driver.value = lambda arm, block: 100.0 * math.exp(NOISE[len(driver.orders)])
    result = result_of(bench, tuning.start(plan()))
    assert [make(result).items[0].text for make in (sweep.winner, sweep.effects, sweep.front)] == [
        "This experiment selects nothing: it has one variant.",
        "No knobs are crossed in this plan.",
        "A front needs three arms.",
    ]


def test_a_front_on_which_nobody_can_stand_counts_no_intervals(bench, driver, tuning, crossed):
    driver.value = lambda arm, block: 100 * math.exp(NOISE[len(driver.orders)])
    driver.validity = lambda arm, block: Validity.INVALID if arm != "baseline" and block < 4 else Validity.VALID
    _, table = sweep.front(result_of(bench, tuning.start(crossed())))
    assert "every other arm is outside" in str(table.rows[0])
    assert "intervals of" not in " ".join(table.remarks)
