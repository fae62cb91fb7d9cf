import dataclasses

import msgspec
import pandas as pd
import pytest

from rushlab.model.reference import Reference
from rushlab.model.verdict import Validity, Verdict
from rushlab.show import tables
from rushlab.show.run_series import RunSeries
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
    assert why == "12,100 requests on stress-500, 11,400 on stress-100."
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
    seconds = {"host": 2 * view.run.load.elapsed_s * 0.95}
    run = msgspec.structs.replace(view.run, cpu_s=seconds, environment={"host": {"cores": 2}})
    study.variants["report"]["stress-500"] = dataclasses.replace(view, run=run)
    assert row(study, "resources were saturated")[1:3] == ["confirmed", "95.0 %"]


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
