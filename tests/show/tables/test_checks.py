import dataclasses

import msgspec

from rushlab.model.verdict import Check, Status, Validity, Verdict
from rushlab.show import tables
from rushlab.show.views import RunView, Study


def view_with(study: Study, **changes: object) -> RunView:
    view = study.variants["report"]["load"]
    return dataclasses.replace(view, run=msgspec.structs.replace(view.run, **changes))


def test_every_check_and_invariant_with_value_limit_and_evidence(study: Study) -> None:
    check = Check(id="V1", title="artefacts whole", status=Status.PASS, value="exit 0", limit="exit 0", evidence="k6")
    verdict = Verdict(validity=study.variants["report"]["load"].validity, checks=(check,), reason="")
    table = tables.checks(view_with(study, verdict=verdict))
    row = next(row for row in table.rows if row.label == "V1 artefacts whole")
    assert [cell.text for cell in row.cells] == ["PASS", "exit 0", "exit 0", "k6"]
    assert sum(not row.heading for row in table.rows) == 1 + 7
    assert [row.label for row in table.rows if row.heading] == [
        *("May the run be believed?", "Did the service keep its promises?")
    ]


def test_what_does_not_apply_comes_last_and_is_never_green(one_run: Study) -> None:
    (view,) = one_run
    rows = tables.checks(view).rows
    last = [row.label for row in rows].index("Does not apply here")
    assert [row.cells[0].text for row in rows[last + 1 :]] == ["NA", "NA"]
    assert {row.cells[0].tone for row in rows[last + 1 :]} == {"quiet"}


def test_a_run_that_was_not_judged_says_so(study: Study) -> None:
    table = tables.checks(view_with(study, verdict=None, audit=None, problem="k6 was killed"))
    assert table.rows == ()
    assert table.remarks == ("The run was not judged: k6 was killed.", "The run was not audited.")


def test_what_qualifies_a_run_is_told_check_by_check_and_what_passes_is_not(study: Study) -> None:
    found = [
        Check(
            id="V8", title="steady state", status=Status.WARN, value="not steady", limit="flat", evidence="30 to 90 s"
        ),
        Check(id="V7", title="series covered", status=Status.FAIL, value="39 of 40", limit="95 %", evidence="lag"),
        Check(id="V1", title="artefacts whole", status=Status.PASS, value="exit 0", limit="exit 0", evidence=""),
    ]
    verdict = Verdict(validity=study.variants["report"]["load"].validity, checks=tuple(found), reason="")
    study.variants["report"]["load"] = view_with(study, verdict=verdict)
    table = tables.reservations(study)
    assert table is not None
    assert [row.label for row in table.rows] == [
        *("V7 series covered", "load · report", "V8 steady state", "load · report")
    ]
    assert [cell.text for cell in table.rows[1].cells] == ["FAIL", "39 of 40", "95 %", "lag"]


def test_where_nothing_qualifies_a_run_there_is_no_such_table(study: Study) -> None:
    whole = view_with(study, verdict=Verdict(validity=Validity.VALID, checks=(), reason=""), audit=None)
    only = dataclasses.replace(study, variants={"report": {"load": whole}})
    assert tables.reservations(only) is None
