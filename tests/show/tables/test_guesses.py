import dataclasses

import msgspec
import pandas as pd
import pytest

from rushlab.judge.guess_facts import Trial
from rushlab.model.reference import Reference
from rushlab.model.run import Fault
from rushlab.model.verdict import Audit, Check, Status, Validity, Verdict
from rushlab.show import tables
from rushlab.show.run_series import RunSeries
from rushlab.show.tables.guesses import rule, written
from rushlab.show.views import Study
from rushlab.world.reference import PATH, read_reference
from rushlab.world.settings import PROJECT


@pytest.fixture
def reference() -> Reference:
    return read_reference(PROJECT / PATH)


def row(study: Study, says: str) -> list[str]:
    table = tables.guesses(study)
    return next([cell.text for cell in row.cells] for row in table.rows if says in row.label)


def test_a_guess_has_its_section_its_verdict_its_figure_and_its_run(study: Study) -> None:
    section, verdict, figure, why, run = row(study, "get fewer requests answered than")
    assert (section, verdict, figure) == ("5-2", "refuted", "× 1.06")
    assert why == "12,100 requests answered on stress-500, 11,400 on stress-100."
    assert run.count("a1b2c3") == 2


def test_the_design_that_the_original_describes_is_judged_not_the_better_one(study: Study) -> None:
    only = dataclasses.replace(study, variants={name: study.variants[name] for name in ("recommended", "report")})
    assert "stress-500-report" in row(only, "messages were consumed with a delay")[-1]


def test_a_run_that_supports_no_claim_decides_nothing(study: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="k6 was killed")
    cells = row(exchange(study, "report", "stress-500", verdict=verdict), "messages were consumed with a delay")
    assert cells[1] == "cannot tell yet"
    assert "no usable run of stress-500" in cells[3]


def test_the_originals_own_words_stand_below(study: Study) -> None:
    notes = tables.guesses(study).notes
    assert all(f"“{guess.quote}”" in notes for guess in study.reference.guesses)


def test_the_processors_are_judged_by_what_the_run_recorded(study: Study) -> None:
    view = study.variants["report"]["stress-500"]
    seconds = {"host": 2 * 600.0 * 0.95}
    run = msgspec.structs.replace(view.run, cpu_s=seconds, cpu_over_s=600.0, environment={"host": {"cores": 2}})
    study.variants["report"]["stress-500"] = dataclasses.replace(view, run=run)
    assert row(study, "resources were saturated")[1:3] == ["confirmed", "95.0 %"]
    older = msgspec.structs.replace(run, cpu_over_s=None)
    study.variants["report"]["stress-500"] = dataclasses.replace(view, run=older)
    assert row(study, "resources were saturated")[1:3] == ["cannot tell yet", "—"]


def test_pauses_are_held_against_the_load_alone(study: Study) -> None:
    """The collector stopped the service 100 ms a second while the load lasted, and not while the rest drained."""
    view = study.variants["report"]["stress-500"]
    timeline = pd.DataFrame({"second": range(60), "vus": 1000, "requests": 500, "failed": 0, "p95_ms": [100.0] * 60})
    pauses = cpu_series([110.0] * 60 + [0.0] * 120, "gc_service")
    series = dataclasses.replace(pauses, end=180.0)
    study.variants["report"]["stress-500"] = dataclasses.replace(view, timeline=timeline, series=series)
    assert row(study, "garbage collector")[1:3] == ["confirmed", "10.8 %"]


def test_samples_that_reach_beyond_a_short_load_say_nothing_of_the_machine(study: Study) -> None:
    view = study.variants["report"]["stress-500"]
    timeline = pd.DataFrame({"second": range(8), "vus": 1000, "requests": 500, "failed": 0, "p95_ms": [100.0] * 8})
    late = cpu_series([20.0, 105.0, 30.0], "cpu_machine", 5.0, 0.0)
    run = msgspec.structs.replace(view.run, environment={"host": {"cores": 2}})
    study.variants["report"]["stress-500"] = dataclasses.replace(view, run=run, timeline=timeline, series=late)
    cells = row(study, "resources were saturated")
    assert cells[1] == "cannot tell yet"
    assert "not known: no sample tells of it alone" in cells[3]


def failing(study: Study, profile: str, share: float, median_ms: float) -> None:
    """A run most of whose requests failed, and did so fast."""
    view = study.variants["report"][profile]
    missed = tuple(
        msgspec.structs.replace(one, value=share, passed=False) if one.metric == "http_req_failed" else one
        for one in view.figures.thresholds
    )
    failed = int(view.figures.requests * share)
    figures = msgspec.structs.replace(view.figures, failed=failed, median_ms=median_ms, thresholds=missed)
    study.variants["report"][profile] = dataclasses.replace(view, figures=figures)


def test_a_run_that_failed_most_of_its_requests_is_held_against_no_other(study: Study) -> None:
    failing(study, "stress-500", 0.727, 4.0)
    failing(study, "peak-2000", 0.6, 4.0)
    for says in ("waited in a queue.", "get fewer requests answered", "point of saturation"):
        _, verdict, figure, why, _ = row(study, says)
        assert (verdict, figure) == ("cannot tell yet", "—")
        assert "is held against no other run: too many requests went wrong: http_req_failed rate<0.15" in why
    assert row(study, "because requests failed")[1] == "confirmed"


def test_a_run_that_was_broken_on_purpose_decides_nothing_about_performance(study: Study, exchange) -> None:
    stop = Fault(what="pause", process="service", start=0.0, end=5.0)
    cells = row(exchange(study, "report", "stress-500", faults=(stop,)), "messages were consumed with a delay")
    assert cells[1] == "cannot tell yet"
    assert "no usable run of stress-500" in cells[3]


def audited(study: Study, invariant: str, status: Status, **changes: object):
    """A further run of `load` that was broken on purpose, with what the invariant says of it."""
    view = study.variants["report"]["load"]
    audit = Audit(
        verdict=status,
        invariants=(Check(id=invariant, title="", status=status, value="", limit="", evidence=""),),
        counts={},
    )
    return dataclasses.replace(view, run=msgspec.structs.replace(view.run, id="further", audit=audit, **changes))


def test_invariants_are_read_from_repeats_and_from_the_variant_with_a_knob_changed(study: Study) -> None:
    stop = Fault(what="pause", process="service", start=0.0, end=5.0)
    two = study.variants["report"]["load"].run.knobs | {"workers": 2}
    stopped = audited(study, "I14", Status.PASS, faults=(stop,), knobs=two)
    with_repeat = dataclasses.replace(study, repeats=(stopped,))
    assert row(with_repeat, "time to live must not be too long")[1::3] == ["confirmed", "further"]
    name = "report+consumer_mode=batch"
    knobs = study.variants["report"]["load"].run.knobs | {"consumer_mode": "batch"}
    batches = audited(study, "I11", Status.PASS, variant=name, knobs=knobs)
    beside = dataclasses.replace(study, variants=study.variants | {name: {"load": batches}})
    assert row(beside, "In a batch each message's failure")[1::3] == ["confirmed", "further"]
    assert row(beside, "messages were consumed with a delay")[-1] != "further"


def test_the_closing_remark_says_what_all_measures_gave_together(study: Study, exchange) -> None:
    told = "All measures together (variant recommended) gave a p95 between 3.31× and 17.5× faster, by profile"
    assert told in rule(study)
    both = {name: {"load": views["load"]} for name, views in study.variants.items()}
    assert "gave a p95 13.4× faster on load;" in rule(dataclasses.replace(study, variants=both))
    failing(study, "stress-100", 0.6, 4.0)
    assert "17.5×" not in rule(study)
    unknown = Verdict(validity=Validity.UNKNOWN, checks=(), reason="no counts")
    alone = dataclasses.replace(study, variants=both)
    assert "All measures" not in rule(exchange(alone, "recommended", "load", verdict=unknown))
    assert "All measures" not in rule(dataclasses.replace(study, variants={"report": study.variants["report"]}))


def test_the_services_own_sums_say_what_was_waited_for(study: Study) -> None:
    """54 of 60 s that all requests took went to the lock; the collector stopped the service 2 ms in each second."""
    view = study.variants["report"]["stress-500"]
    sums = {("request_sum", "{}"): 60.0, ("request_count", "{}"): 100.0, ("stage_sum", '{"stage": "lock"}'): 54.0}
    rows = [(name, labels, at, value * (at > 0)) for (name, labels), value in sums.items() for at in (0.0, 100.0)]
    rows += [("gc_service", "{}", at, 2.0) for at in (0.0, 50.0, 100.0)]
    series = RunSeries(pd.DataFrame(rows, columns=["name", "labels", "at", "value"]), None, 0.0, 100.0)
    figures = msgspec.structs.replace(view.figures, requests=100, mean_ms=600.0)
    run = msgspec.structs.replace(view.run, load=msgspec.structs.replace(view.run.load, elapsed_s=100.0))
    changed = dataclasses.replace(view, run=run, figures=figures, series=series)
    study.variants["report"]["stress-500"] = changed
    assert row(study, "around the decision only")[1:3] == ["cannot tell yet", "90.0 %"]
    assert row(study, "larger pool")[1:3] == ["refuted", "0.0 %"]
    assert row(study, "garbage collector")[1:3] == ["refuted", "0.2 %"]


def cpu_series(values: list[float], name: str = "cpu_service", every: float = 1.0, late: float = 1.25) -> RunSeries:
    """A series whose samples tell of `late` seconds before their moment, as that of Prometheus does."""
    rows = [(name, "{}", place * every + late, value) for place, value in enumerate(values)]
    return RunSeries(pd.DataFrame(rows, columns=["name", "labels", "at", "value"]), None, 0.0, 100.0)


def test_the_services_thread_is_judged_by_its_seconds_of_trouble(study: Study) -> None:
    view = study.variants["report"]["peak-2000"]
    p95 = [100.0] * 20 + [3000.0] * 20 + [100.0] * 20
    timeline = pd.DataFrame({"second": range(60), "vus": 1000, "requests": 500, "failed": 0, "p95_ms": p95})
    busy = cpu_series([5.0] * 20 + [95.0] * 20 + [5.0] * 20)
    study.variants["report"]["peak-2000"] = dataclasses.replace(view, timeline=timeline, series=busy)
    cells = row(study, "threads were at their limit")
    assert cells[1:3] == ["confirmed", "95.0 %"]
    assert "in the 20 seconds of trouble" in cells[3]


def test_without_trouble_the_busiest_seconds_count_and_the_machine_has_all_its_cores(study: Study) -> None:
    view = study.variants["report"]["stress-500"]
    timeline = pd.DataFrame({"second": range(60), "vus": 1000, "requests": 500, "failed": 0, "p95_ms": [100.0] * 60})
    busy = cpu_series([10.0] * 6 + [190.0] * 3 + [10.0] * 3, "cpu_machine", 5.0, 6.25)
    run = msgspec.structs.replace(view.run, environment={"host": {"cores": 2}})
    study.variants["report"]["stress-500"] = dataclasses.replace(view, run=run, timeline=timeline, series=busy)
    cells = row(study, "resources were saturated")
    assert cells[1:3] == ["confirmed", "95.0 %"]
    assert "in its busiest 10 s" in cells[3]


def test_a_broken_lock_refutes_although_its_run_supports_no_claim_about_performance(study: Study, exchange) -> None:
    broken = Check(id="I14", title="holder", status=Status.FAIL, value="", limit="", evidence="")
    begun = study.variants["report"]["load"].run.timing.begun
    stop = Fault(what="pause", process="service", start=begun + 30, end=begun + 35)
    audit = Audit(verdict=Status.FAIL, invariants=(broken,), counts={})
    two = study.variants["report"]["load"].run.knobs | {"workers": 2}
    changed = exchange(study, "report", "load", audit=audit, faults=(stop,), knobs=two)
    cells = row(changed, "time to live must not be too long")
    assert cells[1] == "refuted"
    assert "stopped for 5.0 s, longer than the lock's 3 s, on load" in cells[3]


def tried(**changes: object) -> Trial:
    fields = {
        "experiment": "e-1",
        "arm": "narrow lock",
        "against": "baseline",
        "changes": {"lock_scope": ("wide", "narrow")},
        "metric": "accept p95",
        "verdict": "better",
        "ratio": 0.5,
        "interval": (0.4, 0.6),
        "load": "steady, 500 users, scale 0.6",
    }
    return Trial(**fields | changes)


def test_the_closing_remark_tells_guesses_from_measures_and_the_load_of_their_experiment(study: Study) -> None:
    told = rule(study, [tried(), tried(experiment="e-2", verdict="equivalent", rate=True)])
    assert told.startswith("Guesses are decided from the runs of variant report at scale demo.")
    assert (
        "Measures, where an experiment is named, are decided from that one: e-1 (steady, 500 users, scale 0.6)." in told
    )
    assert "e-2" not in told
    assert "within 1,000 ms" in told
    assert "Measures" not in rule(study)
    assert tables.guesses(study, [tried()]).remarks == (rule(study, [tried()]),)


@pytest.mark.parametrize(
    ("value", "text"),
    [(399.6864, "× 400"), (1.1957, "× 1.20"), (0.32178, "× 0.322"), (1.0, "× 1.00"), (12345.6, "× 12,300"), (0, "× 0")],
)
def test_a_factor_has_three_significant_digits_at_most(value: float, text: str) -> None:
    assert written(value, "×") == text
