"""Tables and figures of an experiment: nothing is hidden, and hostile names stay text."""

from io import StringIO

import msgspec
import pytest
from rich.console import Console

from rushlab.model.comparison import Comparison, Design, Exclusion, Outcome
from rushlab.model.experiment_result import ArmResult, ExperimentResult, MeasuredRun, Noise, Shift
from rushlab.model.metric import METRICS
from rushlab.model.verdict import Check, Status
from rushlab.show import comparing, experiment, experiment_terminal, side_by_side
from rushlab.show.experiment_head import head
from rushlab.show.figures import experiment as drawn
from rushlab.show.pair import Pair

HOSTILE = "</script><b>%{y}|`"


def comparison(variant, **changes):
    base = Comparison(
        variant=variant,
        baseline="baseline",
        verdict=Outcome.BETTER,
        reason="-20.0 %",
        differs=True,
        matters=True,
        ratio=0.8,
        interval=(0.7, 0.9),
        k=3,
        margin=0.1,
        p=None,
        resolution=0.1,
        blocks_needed=4,
        design=Design.RANDOMISED,
        metric="accept_p95_ms",
        p_reason="too few blocks",
        excluded=(Exclusion("2", variant, "k6 failed"),),
    )
    return msgspec.structs.replace(base, **changes)


def arm(name, **changes):
    typical = dict.fromkeys(METRICS, 50.0) | {"confirm_p95_ms": None}
    base = ArmResult(
        name=name,
        variant="recommended",
        knobs={"pool_size": 10},
        changes={},
        section="6-2",
        note="why",
        metric="accept_p95_ms",
        k=3,
        typical=typical,
        counts={"attempts": 9000, "lost": None},
        backlog=12,
        red=False,
        bar=None,
    )
    return msgspec.structs.replace(base, **changes)


def run(block, position, name, **changes):
    base = MeasuredRun(
        block=block, position=position, arm=name, run=f"run-{position}", values={"accept_p95_ms": 40.0 + block}
    )
    return msgspec.structs.replace(base, **changes)


@pytest.fixture
def result():
    arms = (arm("baseline"), arm(HOSTILE), arm("wrong", red=True, bar="I1 failed"))
    names = [one.name for one in arms]
    runs = [run(block, 3 * block + place, name) for block in (1, 2, 3) for place, name in enumerate(names)]
    runs[4] = msgspec.structs.replace(runs[4], objection="k6 failed.", values={})
    return ExperimentResult(
        experiment="20261124T000000Z-x-0000",
        plan="x",
        title="Pools",
        question="?",
        metric="accept_p95_ms",
        better="lower",
        margin=0.1,
        baseline="baseline",
        profile="steady",
        scale=0.6,
        model="closed",
        blocks=3,
        seed=1,
        a_a=False,
        complete=True,
        sentence="A sentence.",
        exploratory="a screening of 3 blocks",
        arms=arms,
        comparisons=(comparison(HOSTILE), comparison("wrong", verdict=None, reason="I1 failed")),
        shifts=(Shift(variant=HOSTILE, baseline="baseline", percent=50, ratio=0.8, interval=(0.7, 0.9), k=3),),
        ranking=(HOSTILE,),
        checks=(Check(id="V12", title="noise floor known", status=Status.PASS, value="", limit="", evidence=""),),
        noise=(Noise(metric="accept_p95_ms", sd=0.05, k=6, experiment="a-a", enough=True),),
        runs=tuple(runs),
        environment={},
        hashes={"plan.json": "00"},
    )


def test_every_table_shows_itself_and_escapes(result):
    several = (experiment.verdicts, experiment.exclusions, experiment.recommendations)
    single = (
        experiment.headline,
        experiment.arms,
        experiment.strip,
        experiment.invariants,
        experiment.design,
        experiment.runs,
    )
    shown = [make(result)._repr_html_() for make in single]
    shown += [item._repr_html_() for make in several for item in make(result) if hasattr(item, "_repr_html_")]
    assert all("<b>%" not in text and "</script>" not in text for text in shown)
    assert any("&lt;/script&gt;" in text for text in shown)


def test_excluded_run_leaves_a_gap_and_is_listed(result):
    (line,) = [trace for trace in drawn.blocks(result).data if trace.name == "block 2"]
    assert list(line.y) == [42.0, None, 42.0]
    assert line.connectgaps is False
    assert "k6 failed" in str(experiment.exclusions(result).items[0])


def test_noise_floor_is_a_band_and_the_margin_dashed(result):
    shapes = drawn.ratios(result).layout.shapes
    assert [shape.type for shape in shapes].count("rect") == 1
    assert {round(shape.x0, 3) for shape in shapes if shape.type == "line"} == {0.909, 1.1}
    unknown = msgspec.structs.replace(
        result, noise=(Noise(metric="accept_p95_ms", sd=None, k=0, experiment=None, enough=False, reason="no A/A"),)
    )
    assert "rect" not in [shape.type for shape in drawn.ratios(unknown).layout.shapes]
    assert "no A/A" in drawn.blocks(unknown).layout.meta["caption"]


def test_variant_without_a_verdict_is_never_drawn_as_better(result):
    traces = {trace.name: [text.partition(":")[0] for text in trace.customdata] for trace in drawn.ratios(result).data}
    assert traces["no verdict"] == ["wrong / baseline"]
    assert len(traces["better"]) == 1


def test_what_must_not_be_overlooked_stands_above_the_page(result):
    found = head(result)
    assert found.warnings == (
        "Exploratory: a screening of 3 blocks.",
        "wrong is outside the ranking: I1 failed.",
        "1 run of 9 excluded.",
    )
    assert [badge.text for badge in found.badges] == ["1 variant better", "1 variant no verdict", "1 check PASS"]


def test_unknown_figures_say_why(result):
    notes = experiment.arms(result).notes + experiment.invariants(result).notes
    assert "not known in every run" in notes


def test_terminal_says_it_all(result):
    console = Console(width=220, record=True, file=StringIO())
    console.print(experiment_terminal.result(result))
    said = console.export_text()
    assert "A sentence." in said
    assert "excluded: block 2" in said
    assert "outside the ranking: wrong: I1 failed" in said
    assert experiment_terminal.interim(result, 2).startswith("block 2 of 3 · accept p95 so far:")


def shown(result):
    """What the terminal says of the whole result."""
    console = Console(width=260, record=True, file=StringIO())
    console.print(experiment_terminal.result(result))
    return console.export_text()


def captions(parts):
    return [part.text if hasattr(part, "text") else part.caption for part in parts]


def test_what_a_comparison_warns_of_stands_under_its_table(result):
    drift = "drift: from the first to the last block the baseline went 660.4 % higher (blocks cancel that)"
    one = comparison("large", warnings=(drift,), excluded=(Exclusion("2", "baseline", "k6 failed"),))
    several = msgspec.structs.replace(result, comparisons=(one, msgspec.structs.replace(one, variant="larger")))
    (table,) = [part for part in experiment.verdicts(several) if hasattr(part, "remarks")]
    assert f"large, larger: {drift}" in table.remarks
    assert "large, larger: block 2 is excluded (baseline: k6 failed)" in table.remarks
    assert drift in shown(several)


def test_a_run_without_a_value_for_a_metric_is_listed_with_its_reason(result):
    why = "confirm_p95_ms: 3 of 90 coupons were never confirmed"
    lost = comparison("wrong", metric="confirm_p95_ms", excluded=(Exclusion("3", "wrong", why),))
    with_it = msgspec.structs.replace(result, comparisons=(lost, msgspec.structs.replace(lost, variant=HOSTILE)))
    (table,) = experiment.exclusions(with_it)
    assert [row.label for row in table.rows if row.cells[0].text == why] == ["block 3 · wrong"]
    assert f"excluded: block 3, wrong: {why}" in shown(with_it)


def test_only_what_no_plan_declared_is_called_exploratory(result):
    other = {"metric": "confirm_rate_per_s", "better": "higher"}
    mixed = (comparison("parts", **other), comparison("large", **other, declared=False))
    nowhere = (comparison("large", metric="throughput_per_s", declared=False),)
    several = msgspec.structs.replace(result, comparisons=(*mixed, *nowhere))
    said = captions(experiment.verdicts(several))
    assert "confirmed per second" in said
    assert "accepted per second (exploratory)" in said
    (table,) = experiment.tables(several, "confirm_rate_per_s")
    assert [row.label for row in table.rows] == ["parts", "large (exploratory)"]
    terminal = shown(several)
    assert "confirmed per second (exploratory)" not in terminal
    assert "accepted per second (exploratory)" in terminal
    assert "large (exploratory)" in terminal


def test_side_by_side_shows_every_metric_that_an_arm_was_declared_by(result):
    own = comparison("parts", metric="confirm_rate_per_s", better="higher")
    not_declared = comparison("large", metric="throughput_per_s", declared=False)
    one = msgspec.structs.replace(result, comparisons=(comparison("large"), own, not_declared))
    said = captions(side_by_side.verdicts(Pair(one, one, (), ())))
    assert sum("confirmed per second" in text for text in said) == 2
    assert not any("accepted per second" in text for text in said)


def test_side_by_side_shows_for_each_what_its_own_page_shows(result):
    pair = Pair(result, result, (), ())
    for part, title in (
        (side_by_side.arms, "What every arm did"),
        (side_by_side.invariants, "Did the service keep its promises?"),
        (side_by_side.exclusions, "Excluded, and why"),
        (side_by_side.designs, "Design and provenance"),
        (side_by_side.designs, "Runs in their drawn order"),
    ):
        assert captions(item for item in part(pair) if not hasattr(item, "data")).count(title) == 2, title
    charts = [item for item in side_by_side.figures(pair) if hasattr(item, "data")]
    titles = [chart.layout.title.text for chart in charts]
    for words in ("run by run", "ratio to baseline", "shift of the accept times"):
        assert sum(words in title for title in titles) == 2, words


def test_one_table_for_each_metric_and_each_that_others_are_held_against():
    higher = {"metric": "throughput_per_s", "better": "higher"}
    found = [comparison("large"), comparison("large", **higher), comparison("more", baseline="large")]
    tables = list(comparing.tables(found))
    assert [table.caption for table in tables] == [
        "accept p95 against baseline (lower is better, margin 10.0 %)",
        "accepted per second against baseline (higher is better, margin 10.0 %)",
        "accept p95 against large (lower is better, margin 10.0 %)",
    ]
    assert [[row.label for row in table.rows] for table in tables] == [["large"], ["large"], ["more"]]


def test_side_by_side_says_why_a_figure_of_both_has_no_ratio(result):
    zero = "success_rate is 0 in E2:large, and there is no ratio of a zero"
    none = {"verdict": None, "ratio": None, "interval": None}
    shared = comparison("E2:large", baseline="E1:large", metric="success_rate", reason=zero, **none)
    assert zero in str(side_by_side.likeness(Pair(result, result, (), (shared,))).items[-1]).replace("\\", "")


def test_what_holds_for_every_table_is_said_once():
    told = "exploratory: a screening of 3 blocks"
    own = "drift: from the first to the last block the baseline went 20.0 % higher (blocks cancel that)"
    found = [comparison("large", warnings=(told, own)), comparison("large", metric="accept_p50_ms", warnings=(told,))]
    console = Console(width=220, record=True, file=StringIO())
    console.print(comparing.summary(found, ["large: no run excluded"]))
    said = console.export_text()
    assert [said.count(words) for words in (told, own, "could see:", "large: no run excluded")] == [1, 1, 1, 1]


def test_the_caption_of_a_ratio_says_which_direction_is_better_for_its_own_metric(result):
    rate = comparison("large", metric="throughput_per_s", better="higher")
    held = comparison("more", metric="confirm_p95_ms", baseline="large")
    noise = tuple(msgspec.structs.replace(result.noise[0], metric=name) for name in METRICS)
    several = msgspec.structs.replace(result, comparisons=(comparison("large"), rate, held), noise=noise)
    captions = [drawn.ratios(several, name).layout.meta["caption"] for name in ("accept_p95_ms", "throughput_per_s")]
    assert "less than baseline; lower is better" in captions[0]
    assert "less than baseline; higher is better" in captions[1]
    assert not any("against large" in text for text in captions)
    assert "* against large" in drawn.ratios(several, "confirm_p95_ms").layout.meta["caption"]


def test_a_metric_without_any_ratio_is_not_drawn(result):
    nothing = comparison("large", metric="confirm_p95_ms", verdict=None, ratio=None, interval=None)
    several = msgspec.structs.replace(result, comparisons=(comparison("large"), nothing))
    assert captions(experiment.metric_figures(several)) == ["This experiment has no other metrics."]
