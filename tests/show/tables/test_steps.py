import dataclasses

from rushlab.model.verdict import Validity, Verdict
from rushlab.show import tables
from rushlab.show.views import Study


def rows(study: Study) -> dict[str, list[str]]:
    heading, found = "", {}
    for row in tables.steps(study).rows:
        heading = row.label if row.heading else heading
        found[f"{heading}: {row.label}"] = [cell.text for cell in row.cells]
    return found


def test_the_originals_own_ratio_stands_beside_ours(study: Study) -> None:
    found = rows(study)
    assert found["stress-500 against stress-100: p95"] == ["3.20× slower", "1.97× slower", "2.09× slower"]
    assert found["stress-500 against stress-100: requests"][0] == "1.56× fewer"
    assert found["peak-2000 against peak-1500: p95"][0] == "4.30× slower"


def test_a_corrected_unit_goes_into_the_ratio(study: Study) -> None:
    """The original prints 672.19s for the steeper median: as seconds the ratio would be 133,000."""
    assert rows(study)["peak-2000 against peak-1500: median"][0] == "133× slower"


def test_a_share_from_inferred_stages_is_marked(study: Study) -> None:
    table = tables.steps(study)
    assert any("inferred from its count" in note for note in table.notes)


def test_another_scale_is_another_test_and_the_full_one_is_not(study: Study) -> None:
    assert any("ramps are steeper" in remark for remark in tables.steps(study).remarks)
    assert not any(
        "ramps are steeper" in remark for remark in tables.steps(dataclasses.replace(study, scale=1)).remarks
    )


def test_runs_that_support_no_claim_have_no_ratio(study: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="k6 was killed")
    found = rows(exchange(study, "report", "stress-500", verdict=verdict))
    assert found["stress-500 against stress-100: p95"][1] == "—"


def test_an_unknown_run_has_no_ratio_but_keeps_its_figures(study: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.UNKNOWN, checks=(), reason="evidence missing: V2")
    doubtful = exchange(study, "report", "stress-500", verdict=verdict)
    assert rows(doubtful)["stress-500 against stress-100: p95"][1] == "—"
    assert "stress-500 · report: UNKNOWN: evidence missing: V2" in tables.steps(doubtful).notes
    p95 = next(row.cells for row in tables.latency(doubtful, "stress-500").rows if row.label == "p95, ms")
    assert [cell.text for cell in p95[1:3]] == ["5,210", "—"]
    assert p95[2].note == "UNKNOWN: evidence missing: V2"


def test_without_a_pair_there_is_no_table(study: Study) -> None:
    del study.variants["report"]["stress-500"], study.variants["recommended"]["stress-100"]
    del study.variants["report"]["peak-1500"], study.variants["recommended"]["peak-1500"]
    assert tables.steps(study) is None
