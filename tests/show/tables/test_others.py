import dataclasses

import msgspec

from rushlab.model.results import ThresholdResult
from rushlab.model.verdict import Audit, Check, Status
from rushlab.show import tables
from rushlab.show.report_json import report_json
from rushlab.show.table import Cell, Table
from rushlab.show.views import Study


def cells(table: Table, label: str) -> tuple[Cell, ...]:
    return next(row.cells for row in table.rows if row.label == label and row.cells)


def test_public_names() -> None:
    assert tables.__all__ == [
        *("answers", "by_outcome", "checks", "cost", "costs", "counts", "environment", "guesses", "halves", "inside"),
        *(
            "latency",
            "onset",
            "outcome",
            "provenance",
            "reservations",
            "sale",
            "settings",
            "stages",
            "steps",
            "summary",
        ),
        "thresholds",
    ]


def test_summary_counts_statuses_and_thresholds(study: Study) -> None:
    line = cells(tables.summary(study), "load · report")
    assert [cell.text for cell in line] == ["VALID", "PASS", "9 PASS", "3,920", "1,912", "2 of 3"]
    assert line[-1].tone == "bad"


def test_summary_names_what_is_missing(study: Study) -> None:
    partial = dataclasses.replace(study, missing=["load on report: k6 was killed"])
    assert tables.summary(partial).remarks == ("Missing: load on report: k6 was killed",)


def test_audit_counts_are_printed_on_pass_and_faults_are_red(study: Study, exchange) -> None:
    table = tables.counts(study)
    assert [column.name for column in table.columns] == ["attempts", "accepted", "confirmed", "lost", "unexpected"]
    assert cells(table, "load · report")[3].text == "0"
    failed = Audit(verdict=Status.FAIL, invariants=(), counts={"accepted": 5, "lost": 2})
    lost = cells(tables.counts(exchange(study, "report", "load", audit=failed)), "load · report")
    assert (lost[3].text, lost[3].tone) == ("2", "bad")
    assert lost[0].text == "—"


def test_outcome_marks_what_was_not_confirmed(study: Study) -> None:
    view = study.variants["report"]["load"]
    assert view.figures
    figures = msgspec.structs.replace(view.figures, confirmed=3900, failed=3)
    study.variants["report"]["load"] = dataclasses.replace(view, figures=figures)
    table = tables.outcome(study, "load")
    assert cells(table, "confirmed")[1].tone == "bad"
    assert cells(table, "failed")[1].tone == "bad"
    assert cells(table, "share of the bound")[0].text == "65.0 %"


def test_audit_note_names_the_invariants_that_are_open(study: Study, exchange) -> None:
    lost = Check(id="I3", title="no lost accept", status=Status.FAIL, value="2 lost", limit="0", evidence="issues")
    audit = Audit(verdict=Status.FAIL, invariants=(lost,), counts={})
    table = tables.outcome(exchange(study, "report", "load", audit=audit), "load")
    assert cells(table, "audit")[1].note == "I3 no lost accept: FAIL, 2 lost"


def test_thresholds_of_the_original_and_of_ours(study: Study) -> None:
    table = tables.thresholds(study)
    start = next(index for index, row in enumerate(table.rows) if row.label == "load")
    times, failed, success = (row.cells for row in table.rows[start + 1 : start + 4])
    assert [cell.text for cell in times] == ["1.17 s ✗ missed", "1.91 s ✗ missed", "143 ms ✓ met"]
    assert failed[0].text == "0.0 % ✓ met"
    assert success[0].note == "from the original's sentence that no request of the load test failed"


def test_an_undecided_threshold_is_never_met(study: Study) -> None:
    view = study.variants["report"]["load"]
    assert view.figures
    result = ThresholdResult(
        metric="http_req_duration", expression="p(95)<1000", value=None, passed=None, reason="no samples"
    )
    figures = msgspec.structs.replace(view.figures, thresholds=(result,))
    study.variants["report"]["load"] = dataclasses.replace(view, figures=figures)
    table = tables.thresholds(study)
    start = next(index for index, row in enumerate(table.rows) if row.label == "load")
    assert (table.rows[start + 1].cells[1].text, table.rows[start + 1].cells[1].note) == ("—", "no samples")
    assert cells(tables.summary(study), "load · report")[-1].text == "0 of 1"


def test_environment_puts_the_reports_section_4_beside_ours(study: Study) -> None:
    table = tables.environment(study)
    theirs, here = cells(table, "database")
    assert (theirs.text, here.text) == ("MySQL 8.0 (Docker)", "MariaDB 10.11.6")
    assert cells(table, "dashboards")[1].text == "—"
    assert cells(table, "cores")[1].text == "2"


def test_settings_that_differ_come_first(study: Study) -> None:
    labels = [row.label for row in tables.settings(study).rows]
    assert labels == ["different", "reservation", "outbox", "the same", "lock_scope", "pool_size", "workers"]


def test_the_stock_is_the_one_that_was_set_up_and_another_profiles_is_a_note(study: Study, exchange) -> None:
    for name in ("smoke", "load", "peak-2000"):
        knobs = study.variants["report"][name].run.knobs | {"stock": 1_000_000}
        study = exchange(study, "report", name, knobs=knobs)
    views = {name: study.variants["report"][name] for name in ("smoke", "load", "peak-2000")}
    rush = views["peak-2000"].run
    sale = msgspec.structs.replace(rush, profile=msgspec.structs.replace(rush.profile, stock=5000), scale=0.05)
    views["peak-2000"] = dataclasses.replace(views["peak-2000"], run=sale)
    several = tables.settings(dataclasses.replace(study, variants={"report": views}))
    assert [(cell.text, cell.note) for cell in cells(several, "stock")] == [("1000000", "peak-2000: 250")]
    alone = dataclasses.replace(study, variants={"report": {"peak-2000": views["peak-2000"]}})
    assert [(cell.text, cell.note) for cell in cells(tables.settings(alone), "stock")] == [("250", "")]
    assert report_json(alone)["variants"]["report"]["profiles"]["peak-2000"]["knobs"]["stock"] == 250


def test_provenance_has_the_run_its_commit_and_the_hash_of_its_points(study: Study) -> None:
    line = cells(tables.provenance(study), "load · report")
    assert line[0].text == study.variants["report"]["load"].run.id
    assert line[5].text == "0123456789ab"
    assert line[6].text == "9f86d081884c"
