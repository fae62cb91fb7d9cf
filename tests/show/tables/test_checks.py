import dataclasses

import msgspec

from rushlab.model.verdict import Check, Status, Verdict
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
    last = [row.label for row in rows].index("Does not apply here, or is not built yet")
    assert [row.cells[0].text for row in rows[last + 1 :]] == ["NA", "NA"]
    assert {row.cells[0].tone for row in rows[last + 1 :]} == {"quiet"}


def test_a_run_that_was_not_judged_says_so(study: Study) -> None:
    table = tables.checks(view_with(study, verdict=None, audit=None, problem="k6 was killed"))
    assert table.rows == ()
    assert table.remarks == ("The run was not judged: k6 was killed.", "The run was not audited.")
