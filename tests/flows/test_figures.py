"""Figures of a run folder: what was answered, how long confirming took, and a reason for whatever has no value."""

import pandas as pd
import pytest
from msgspec.structs import replace

from rushlab.flows.figures import outcomes, run_figures
from rushlab.model.run import Load


def test_every_answer_belongs_to_one_outcome():
    answers = [201, 201, 409, 410, 410, 410, 400, 422, 503, 0]
    assert outcomes(pd.DataFrame({"status": answers})) == {
        "issued": 2,
        "already": 1,
        "sold_out": 3,
        "rejected": 2,
        "failed": 2,
    }


def test_outcome_that_nobody_had_is_zero():
    assert set(outcomes(pd.DataFrame({"status": [201]})).values()) == {1, 0}


def test_the_drain_counts_from_the_last_reply_and_the_wait_from_each_ones_own(recorded):
    """k6 itself ends two seconds after its last reply."""
    found = run_figures(recorded(confirmed_after=0.75))
    assert found.drain_s == pytest.approx(0.75)
    assert found.confirm_ms["p50"] == found.confirm_ms["max"] == pytest.approx(750)
    assert (found.confirmed, found.confirmed_early, found.reasons) == (4, 0, {})
    assert found.confirm_rate_per_s == pytest.approx(4 / 3.75)  # from the first reply to the last confirmation


def test_coupons_confirmed_before_their_reply_was_read_are_counted(recorded):
    found = run_figures(recorded(confirmed_after=-0.01))
    assert (found.confirmed_early, found.confirm_ms["max"], found.drain_s) == (4, 0.0, 0.0)


def test_a_threshold_on_the_p99_is_judged(recorded):
    results = run_figures(recorded()).thresholds
    assert {one.expression: one.passed for one in results} == {"p(95)<1000": True, "p(99)<1000": True, "rate>0.5": True}


@pytest.mark.parametrize(("pause_s", "model"), [(0, "closed"), (1, "open")])
def test_a_profile_without_a_bound_says_why(recorded, pause_s, model):
    folder = recorded(load=Load(model=model, exit_code=0, elapsed_s=5.0))
    folder.record = replace(folder.record, profile=replace(folder.record.profile, pause_s=pause_s))
    found = run_figures(folder)
    assert found.bound is found.bound_share is None
    assert "no bound" in found.reasons["bound"]
    assert found.reasons["bound_share"] == found.reasons["bound"]


def test_failures_are_counted_without_k6s_own_count(recorded):
    """An older script may not have the metric: none failed would be a lie."""
    requests = [(1, 201, 1_795_528_801.0, 20.0), (2, 503, 1_795_528_802.0, 20.0), (3, 410, 1_795_528_803.0, 5.0)]
    assert run_figures(recorded(requests)).failed == 1
    assert run_figures(recorded(requests, without=["http_req_failed"])).failed == 1


def test_whatever_has_no_value_has_a_reason(recorded):
    requests = [(1, 503, 1_795_528_801.0, 20.0), (2, 503, 1_795_528_802.0, 20.0)]
    folder = recorded(requests, without=["success_rate"])
    (folder.evidence / "issues.parquet").unlink()
    found = run_figures(folder)
    nothing = {name for name in found.__struct_fields__ if _is_empty(getattr(found, name))}
    confirming = {"confirmed", "confirm_rate_per_s", "confirm_ms", "confirmed_early", "drain_s"}
    assert nothing == {"success_rate", "issued_ms"} | confirming
    assert nothing <= set(found.reasons)


def _is_empty(value):
    return value is None or (isinstance(value, dict) and bool(value) and set(value.values()) == {None})
