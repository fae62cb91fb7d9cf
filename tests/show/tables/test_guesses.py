import dataclasses

import msgspec
import pytest

from rushlab.model.reference import Reference
from rushlab.model.verdict import Validity, Verdict
from rushlab.show import tables
from rushlab.show.views import Study
from rushlab.world.reference import load_reference
from rushlab.world.settings import PROJECT, Settings


@pytest.fixture
def reference() -> Reference:
    return load_reference(Settings(root=PROJECT))


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
