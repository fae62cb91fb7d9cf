"""Issued, already issued, sold out, rejected and failed: each apart, and nothing where all were issued."""

import dataclasses

import msgspec

from rushlab.model.verdict import Validity, Verdict
from rushlab.show import sections, tables
from rushlab.show.table import Cell, Table
from rushlab.show.tables import populations
from rushlab.show.views import Study


def cells(table: Table, label: str) -> tuple[Cell, ...]:
    return next(row.cells for row in table.rows if row.label == label and row.cells)


def labels(table: Table) -> list[str]:
    return [row.label for row in table.rows]


def with_figures(study: Study, **changes: object) -> Study:
    """The study with figures of `load` on the report preset changed."""
    view = study.variants["report"]["load"]
    figures = msgspec.structs.replace(view.figures, **changes)  # type: ignore[type-var]
    views = {**study.variants["report"], "load": dataclasses.replace(view, figures=figures)}
    return dataclasses.replace(study, variants={**study.variants, "report": views})


MIXED = {"issued": 3000, "already": 100, "sold_out": 800, "rejected": 0, "failed": 20}


def test_one_remark_says_that_all_were_issued(study: Study) -> None:
    table = tables.outcome(study, "load")
    assert table.remarks == (populations.ALL_ISSUED,)
    assert not [label for label in labels(table) if label.startswith("issued")]
    assert tables.answers(study, "load") is None
    assert len(sections.outcomes(study, "load")) == 1


def test_the_issued_ones_stand_beside_all_when_others_were_answered_otherwise(study: Study) -> None:
    mixed = with_figures(study, outcomes=MIXED, issued_ms={"median": 80.5, "p95": 1250.0})
    table = tables.outcome(mixed, "load")
    assert table.remarks == ()
    assert [cell.text for cell in cells(table, "issued requests")] == ["—", "3,000", "9,410"]
    assert [cell.text for cell in cells(table, "issued requests alone: median, ms")] == ["—", "80.5", "64.4"]
    assert cells(table, "issued requests alone: p95, ms")[1].value == 1250.0
    assert labels(table).index("issued requests") == labels(table).index("success rate") + 1


def test_what_was_answered_is_counted_with_its_share(study: Study) -> None:
    table = tables.answers(with_figures(study, outcomes=MIXED), "load")
    assert table is not None
    assert labels(table) == list(populations.OUTCOMES.values())
    sold_out = cells(table, "sold out (410)")
    assert [cell.text for cell in sold_out] == ["800", "20.4 %", "—", "—"]
    assert sold_out[1].value == 800 / 3920
    assert [cell.tone for cell in cells(table, "failed (no answer, 5xx)")[:2]] == ["bad", "bad"]
    assert cells(table, "rejected (other 4xx)")[0].tone == "quiet"
    assert len(sections.outcomes(with_figures(study, outcomes=MIXED), "load")) == 2


def test_outcomes_that_were_not_counted_are_not_called_issued(study: Study) -> None:
    unknown = with_figures(study, outcomes={})
    assert tables.outcome(unknown, "load").remarks == ()
    assert tables.answers(unknown, "load") is None


def test_few_issued_requests_have_no_p95_however_many_were_refused(study: Study) -> None:
    few = with_figures(study, outcomes={"issued": 150, "sold_out": 3770}, issued_ms={"median": 80.0, "p95": 90.0})
    cell = cells(tables.outcome(few, "load"), "issued requests alone: p95, ms")[1]
    assert (cell.text, cell.value) == ("too few", None)
    assert cell.note.startswith("7 of 150 issued coupons lie beyond")


def test_no_issued_request_has_no_time(study: Study) -> None:
    none = with_figures(study, outcomes={"issued": 0, "sold_out": 3920}, issued_ms={"median": None, "p95": None})
    cell = cells(tables.outcome(none, "load"), "issued requests alone: median, ms")[1]
    assert (cell.text, cell.note) == ("—", "no request was issued")


def test_accept_to_confirm_stands_in_the_outcomes_or_says_why_not(study: Study) -> None:
    reasons = {"confirm_ms": "the issues table could not be read"}
    table = tables.outcome(with_figures(study, confirm_ms={"p50": None, "p95": None}, reasons=reasons), "load")
    _, lacking, known = cells(table, "from accept to confirm: p95, ms")
    assert (lacking.text, lacking.note) == ("—", "the issues table could not be read")
    assert known.text == "48.0"
    assert cells(table, "from accept to confirm: median, ms")[2].text == "12.0"


def test_accept_and_confirm_are_two_distributions(study: Study) -> None:
    table = tables.halves(study, "load")
    assert [(column.group, column.name) for column in table.columns[:2]] == [
        *(("ours: report", "accept"), ("ours: report", "confirm"))
    ]
    assert [cell.value for cell in cells(table, "p95, ms")] == [1912.0, 48.0, 143.0, 48.0]
    assert [cell.text for cell in cells(table, "coupons")] == ["3,920", "3,920", "9,410", "9,410"]


def test_coupons_confirmed_before_their_reply_are_counted_where_that_is_known(study: Study) -> None:
    assert populations.EARLY not in labels(tables.halves(study, "load"))
    table = tables.halves(with_figures(study, confirmed_early=17), "load")
    assert [cell.text for cell in cells(table, populations.EARLY)] == ["—", "17", "—", "—"]


def test_times_of_an_invalid_run_are_struck_out(study: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="k6 was killed")
    table = tables.halves(exchange(study, "report", "load", verdict=verdict), "load")
    assert [cell.tone for cell in cells(table, "median, ms")[:2]] == ["void", "void"]


def test_a_run_that_is_not_there_is_a_dash(study: Study) -> None:
    gone = {"report": {}, "recommended": dict(study.variants["recommended"])}
    table = tables.halves(dataclasses.replace(study, variants=gone), "load")
    assert [cell.text for cell in cells(table, "median, ms")[:2]] == ["—", "—"]
