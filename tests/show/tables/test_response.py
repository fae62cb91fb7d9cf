import dataclasses

from rushlab.model.verdict import Status, Validity, Verdict
from rushlab.show.table import Cell, Table
from rushlab.show.tables import latency
from rushlab.show.views import Study


def row(table: Table, label: str) -> tuple[Cell, ...]:
    return next(row.cells for row in table.rows if row.label == label)


def test_rows_follow_the_reports_order_and_columns_stand_side_by_side(study: Study) -> None:
    table = latency(study, "load")
    assert [line.label for line in table.rows] == ["mean, ms", "median, ms", "p95, ms", "p90, ms", "total requests"]
    assert [column.group for column in table.columns] == [
        "original report",
        *["ours: report"] * 2,
        *["ours: recommended"] * 2,
    ]


def test_a_ratio_of_times_is_ours_over_the_originals_and_names_the_scale(study: Study) -> None:
    table = latency(study, "load")
    published, ours, ratio = row(table, "p95, ms")[:3]
    assert (published.value, ours.value) == (1170, 1912.0)
    assert ratio.value == 1912.0 / 1170
    assert ratio.text == "1.63× slower"
    assert table.columns[2].name.endswith("demo")


def test_counts_have_a_ratio_at_full_scale_only(study: Study) -> None:
    at_demo = row(latency(study, "load"), "total requests")[2]
    assert (at_demo.text, at_demo.value) == ("—", None)
    assert "full scale only" in at_demo.note
    full = dataclasses.replace(study, scale=1.0)
    assert row(latency(full, "load"), "total requests")[2].value == 3920 / 58788


def test_misprinted_units_are_marked(study: Study) -> None:
    median = row(latency(study, "peak-2000"), "median, ms")[0]
    assert median.text == "672.19"
    assert median.note.startswith("corrected: the original prints 672.19s")
    assert not row(latency(study, "peak-2000"), "p95, ms")[0].note


def test_percentiles_with_few_samples_are_grey_or_missing(study: Study) -> None:
    assert row(latency(study, "peak-1500"), "p95, ms")[1].tone == "quiet"
    few = row(latency(study, "smoke"), "p95, ms")[0]
    assert (few.text, few.value) == ("too few", None)
    assert few.note.startswith("0 of 10 requests")


def test_an_invalid_run_is_struck_out_and_compared_with_nothing(study: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="k6 was killed")
    cells = row(latency(exchange(study, "report", "load", verdict=verdict), "load"), "p95, ms")
    assert (cells[1].tone, cells[1].note) == ("void", "INVALID: k6 was killed")
    assert cells[2].value is None
    assert cells[4].value == 143.0 / 1170


def test_a_failed_audit_leaves_no_claim(study: Study, exchange) -> None:
    run = study.variants["report"]["load"].run
    audit = run.audit and type(run.audit)(verdict=Status.FAIL, invariants=(), counts={})
    cells = row(latency(exchange(study, "report", "load", audit=audit), "load"), "p95, ms")
    assert cells[1].tone == "void"


def test_a_run_that_is_not_there_is_a_dash_with_its_reason(study: Study) -> None:
    gone = {"report": {}, "recommended": dict(study.variants["recommended"])}
    cells = row(latency(dataclasses.replace(study, variants=gone), "load"), "p95, ms")
    assert (cells[1].text, cells[1].note) == ("—", "load was not run on this variant")
