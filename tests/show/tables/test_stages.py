import dataclasses

import msgspec
import pandas as pd
import pytest

from rushlab.model.verdict import Check, Status, Validity, Verdict
from rushlab.show import tables
from rushlab.show.views import Study

TIMES = {"median_ms": 5.0, "p90_ms": 8.0, "p95_ms": 9.0, "p99_ms": 12.0, "max_ms": 30.0}


def cut(*, held: bool) -> pd.DataFrame:
    # one row per stage, as RunView.stages
    plan = pd.DataFrame(
        {"start_s": [0.0, 4.5], "end_s": [4.5, 90.0], "from_vus": [0, 1000], "to_vus": [1000, 1000 if held else 0]}
    )
    plan["plateau"] = plan["from_vus"] == plan["to_vus"]
    return plan.assign(requests=[90, 20000], mean_vus=[500.4, 999.6], **TIMES, rate_per_s=[float("nan"), 812.34])


@pytest.fixture
def staged(study: Study) -> Study:
    return with_stages(study, cut(held=True))


def with_stages(study: Study, frame: pd.DataFrame | None) -> Study:
    view = dataclasses.replace(study.variants["report"]["load"], stages=frame)
    return dataclasses.replace(study, variants={"report": {"load": view}})


def test_stages_have_their_time_users_quantiles_and_a_rate_only_where_the_load_is_held(staged: Study) -> None:
    table = tables.stages(staged, "load")
    ramp, plateau = table.rows
    assert [row.label for row in table.rows] == ["0:00–0:04.5, 0 to 1,000 VUs", "0:04.5–1:30, 1,000 VUs held"]
    assert [cell.text for cell in plateau.cells] == ["20,000", "1,000", "5.00", "8.00", "9.00", "12.0", "812.3"]
    assert (ramp.cells[-1].text, ramp.cells[-1].value) == ("ramping", None)


def test_where_the_users_come_from_is_told_and_unknown_ones_say_why(study: Study, staged: Study) -> None:
    assert any("by the time that their iterations took" in remark for remark in tables.stages(staged, "load").remarks)
    bare = tables.stages(with_stages(study, cut(held=True).assign(mean_vus=float("nan"))), "load").rows[0].cells[1]
    assert (bare.text, bare.note) == ("—", "the points have no iterations")


def test_percentiles_of_a_short_stage_are_no_louder_than_its_own_samples_allow(staged: Study) -> None:
    cells = tables.stages(staged, "load").rows[0].cells
    assert [cell.text for cell in cells[2:6]] == ["5.00", "too few", "too few", "too few"]


def test_a_profile_without_a_plateau_says_so(study: Study) -> None:
    ramps = with_stages(study, cut(held=False).assign(plateau=False))
    assert "pure ramp" in tables.stages(ramps, "load").remarks[0]
    assert "pure ramp" not in str(tables.stages(with_stages(study, cut(held=True)), "load"))


def test_stages_of_a_run_that_supports_no_claim_are_struck_out(staged: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="k6 was killed")
    cells = tables.stages(exchange(staged, "report", "load", verdict=verdict), "load").rows[1].cells
    assert {cell.tone for cell in cells[2:]} == {"void"}


@pytest.mark.parametrize("frame", [None, cut(held=True).iloc[:1]])
def test_what_has_no_stages_has_no_table(study: Study, frame: pd.DataFrame | None) -> None:
    assert tables.stages(with_stages(study, frame), "load") is None


def test_requests_that_began_after_the_plan_are_told(staged: Study) -> None:
    view = staged.variants["report"]["load"]
    figures = msgspec.structs.replace(view.figures, requests=90 + 20000 + 7)
    late = dataclasses.replace(staged, variants={"report": {"load": dataclasses.replace(view, figures=figures)}})
    assert "ours: report: 7 requests began after the last stage, in no row." in tables.stages(late, "load").remarks


def test_a_held_rate_of_a_run_that_was_not_steady_says_so(staged: Study, exchange) -> None:
    check = Check(id="V8", title="steady state", status=Status.WARN, value="warming", limit="flat", evidence="")
    verdict = Verdict(validity=Validity.VALID, checks=(check,), reason="")
    held = tables.stages(exchange(staged, "report", "load", verdict=verdict), "load").rows[1].cells[-1]
    assert held.note == "V8, steady state: warming"
    assert tables.stages(staged, "load").rows[1].cells[-1].note == ""
