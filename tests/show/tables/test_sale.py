import dataclasses

import msgspec
import pandas as pd
import pytest

from rushlab.model.verdict import Audit, Check, Status
from rushlab.show import tables
from rushlab.show.views import Study


def populations(**counts: int) -> pd.DataFrame:
    # one row per outcome, as RunView.populations
    times = {"median_ms": 5.0, "p95_ms": 9.0, "p99_ms": 12.0, "max_ms": 30.0}
    frame = pd.DataFrame({"outcome": list(counts), "requests": list(counts.values())}).assign(**times)
    moments = {"first": [1.0 + n for n in range(len(frame))], "last": [3.5 + n for n in range(len(frame))]}
    return frame.assign(**moments, last_vus=[61.6 + n for n in range(len(frame))])


def sold(study: Study, status: Status = Status.PASS, **counts: int) -> Study:
    check = Check(
        id="I13", title="sold out is honest", status=status, value="0 too late", limit="0", evidence="replies"
    )
    view = study.variants["report"]["load"]
    audit = Audit(verdict=status, invariants=(check,), counts={})
    run = msgspec.structs.replace(view.run, audit=audit)
    changed = dataclasses.replace(view, run=run, populations=populations(**counts))
    return dataclasses.replace(study, variants={"report": {"load": changed}})


def test_the_course_of_a_sale(study: Study) -> None:
    table = tables.sale(sold(study, issued=5000, sold_out=3000), "load")
    cells = [row.cells[0].text for row in table.rows]
    assert cells == ["5,000", "3.50", "2.00", "62", "2,000.0", "3,000", "PASS"]
    assert any("0 too late" in note for note in table.notes)


def test_users_at_the_last_coupon_that_nobody_knows_say_why(study: Study) -> None:
    bare = sold(study, issued=5000, sold_out=3000)
    view = bare.variants["report"]["load"]
    assert view.populations is not None
    known = dataclasses.replace(view, populations=view.populations.assign(last_vus=float("nan")))
    row = tables.sale(dataclasses.replace(bare, variants={"report": {"load": known}}), "load").rows[3]
    assert (row.label, row.cells[0].text) == ("virtual users at the last coupon", "—")
    assert row.cells[0].note == "the points have no iterations"


def test_moments_of_an_invalid_run_are_struck_out_with_the_reason(study: Study) -> None:
    table = tables.sale(sold(study, Status.FAIL, issued=5000, sold_out=3000), "load")
    assert [(row.cells[0].tone, row.cells[0].note[:16]) for row in table.rows[1:3]] == [
        ("void", "the audit failed")
    ] * 2


def test_a_dishonest_refusal_is_seen(study: Study) -> None:
    table = tables.sale(sold(study, Status.FAIL, issued=5000, sold_out=3000), "load")
    assert (table.rows[-1].cells[0].text, table.rows[-1].cells[0].tone) == ("FAIL", "bad")


def test_a_stock_that_lasted_is_no_sale(study: Study) -> None:
    assert tables.sale(sold(study, issued=5000), "load") is None
    assert tables.sale(study, "load") is None


def test_each_population_has_its_own_times_and_few_have_none(study: Study) -> None:
    table = tables.by_outcome(sold(study, issued=5000, already=30, sold_out=3000), "load")
    assert [row.label for row in table.rows] == [
        "issued (201)",
        "already issued to this user (409)",
        "sold out (410)",
    ]
    assert [cell.text for cell in table.rows[1].cells] == ["30", "5.00", "too few", "too few", "30.0"]
    assert [cell.text for cell in table.rows[0].cells] == ["5,000", "5.00", "9.00", "12.0", "30.0"]


@pytest.mark.parametrize("counts", [{"issued": 5000}, {}])
def test_one_population_needs_no_table(study: Study, counts: dict[str, int]) -> None:
    assert tables.by_outcome(sold(study, **counts), "load") is None
