"""A run's verdict: what makes it INVALID, what UNKNOWN, and that nothing unjudged counts as passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from rushlab.judge.observed import CountFacts, IngestFacts, LoadFacts, SampleFacts
from rushlab.judge.validity import count_by_status, exit_code, judge_run
from rushlab.model.profile import Profile, Stage
from rushlab.model.verdict import Audit, Check, ExitCode, Status, Validity, Verdict

PROFILE = Profile(
    name="load",
    title="",
    purpose="",
    executor="ramping-vus",
    pause_s=1,
    thresholds={},
    stages=(Stage(3, 10), Stage(6, 10), Stage(3, 0)),
)
SMOKE = Profile(
    name="smoke",
    title="",
    purpose="",
    executor="constant-vus",
    pause_s=1,
    thresholds={},
    vus=1,
    duration_s=10,
    scaled=False,
)
LOAD = LoadFacts(exit_code=0, elapsed_s=12.4)
INGEST = IngestFacts(lines=41_000, points=40_990)
COUNTS = CountFacts(
    differences=[],
    compared=12,
    outcomes={"issued": 3900, "sold_out": 100},
    service_requests={"issued": 3900, "sold_out": 100},
)


def audit_of(*statuses: Status) -> Audit:
    checks = tuple(
        Check(id=f"I{n}", title="", status=status, value="", limit="", evidence="")
        for n, status in enumerate(statuses, start=1)
    )
    return Audit(verdict=statuses[0], invariants=checks, counts={})


def judged(**changes: Any) -> Verdict:
    facts = {"profile": PROFILE, "load": LOAD, "ingest": INGEST, "counts": COUNTS, "audit": audit_of(Status.PASS)}
    return judge_run(**facts | changes)


def status(verdict: Verdict, id: str) -> Status:
    return next(check.status for check in verdict.checks if check.id == id)


def text(verdict: Verdict, id: str) -> str:
    check = next(check for check in verdict.checks if check.id == id)
    return f"{check.value} | {check.limit} | {check.evidence}"


def test_a_whole_run_is_valid_and_says_on_what_that_rests() -> None:
    verdict = judged()
    assert verdict.validity is Validity.VALID
    assert [status(verdict, id) for id in ("V1", "V2", "V3")] == [Status.PASS] * 3
    assert "rests on V1, V2, the audit" in verdict.reason


def test_checks_that_are_not_built_are_listed_and_never_passed() -> None:
    verdict = judged()
    assert [check.id for check in verdict.checks] == [f"V{n}" for n in range(13)]
    later = [check for check in verdict.checks if check.id not in ("V1", "V2", "V3", "V10", "V11", "V12")]
    assert {(check.status, check.value) for check in later} == {(Status.NA, "not built yet")}
    assert "7 checks are not built yet" in verdict.reason


@pytest.mark.parametrize("id", ["V11", "V12"])
def test_what_only_a_comparison_has_does_not_apply_to_one_run(id: str) -> None:
    assert status(judged(), id) is Status.NA
    assert "judged of experiments" in text(judged(), id)


@pytest.mark.parametrize("code", [0, 99, 110])
def test_v1_exits_of_a_whole_run(code: int) -> None:
    assert judged(load=replace(LOAD, exit_code=code)).validity is Validity.VALID


@pytest.mark.parametrize("code", [1, 104, 105, 107, 108, 109, 255, -2, -9])
def test_v1_any_other_exit_or_a_signal(code: int) -> None:
    verdict = judged(load=replace(LOAD, exit_code=code))
    assert (status(verdict, "V1"), verdict.validity) == (Status.FAIL, Validity.INVALID)
    assert f"k6 exit code {code}" in text(verdict, "V1")
    assert "failed: V1" in verdict.reason


def test_v1_stopped_early_even_with_exit_99() -> None:
    limit = 0.98 * 12
    assert judged(load=LoadFacts(exit_code=99, elapsed_s=limit - 0.01)).validity is Validity.INVALID
    assert judged(load=LoadFacts(exit_code=99, elapsed_s=limit)).validity is Validity.VALID


@pytest.mark.parametrize("ingest", [replace(INGEST, truncated=True), replace(INGEST, points=0)])
def test_v1_points_that_are_cut_or_damaged(ingest: IngestFacts) -> None:
    assert judged(ingest=ingest).validity is Validity.INVALID


def test_v1_missing_facts_are_unknown() -> None:
    for changes in (
        {"load": LoadFacts(exit_code=None, elapsed_s=12.4)},
        {"load": LoadFacts(exit_code=0, elapsed_s=None)},
        {"ingest": IngestFacts()},
    ):
        verdict = judged(**changes)
        assert (status(verdict, "V1"), verdict.validity) == (Status.UNKNOWN, Validity.UNKNOWN)


@pytest.mark.parametrize(
    "difference",
    ["http_reqs count: 3999 in the points, 4000 in the summary", "lost is in the summary, not in the points"],
)
def test_v2_anything_that_differs_from_k6s_summary(difference: str) -> None:
    verdict = judged(counts=replace(COUNTS, differences=[difference]))
    assert (status(verdict, "V2"), verdict.validity) == (Status.FAIL, Validity.INVALID)
    assert difference in text(verdict, "V2")


@pytest.mark.parametrize(
    ("answered", "unanswered", "service", "expected"),
    [
        (4000, 0, 4020, Status.PASS),  # 0.5 %
        (4000, 0, 4021, Status.FAIL),
        (4000, 0, 3979, Status.FAIL),
        (3000, 1000, 3500, Status.PASS),  # requests without an answer may or may not have arrived
        (3000, 1000, 2979, Status.FAIL),
        (0, 0, 0, Status.UNKNOWN),  # k6 exits with 0 even when no iteration ran
    ],
)
def test_v2_the_services_own_counter(answered: int, unanswered: int, service: int, expected: Status) -> None:
    counts = CountFacts(
        differences=[], outcomes={"issued": answered}, unanswered=unanswered, service_requests={"issued": service}
    )
    assert status(judged(counts=counts), "V2") is expected


@pytest.mark.parametrize(
    ("unanswered", "service", "expected"),
    [
        (0, {"issued": 3899, "sold_out": 101}, Status.PASS),  # one request either way
        (0, {"issued": 3898, "sold_out": 102}, Status.FAIL),  # the total is right, what was told is not
        (0, {"issued": 3900, "sold_out": 98, "failed": 2}, Status.FAIL),
        (40, {"issued": 3900, "sold_out": 130}, Status.PASS),  # those without an answer were sold out, or never came
        (40, {"issued": 3900, "sold_out": 142}, Status.FAIL),
        (40, {"issued": 3900, "sold_out": 98}, Status.FAIL),
    ],
)
def test_v2_each_outcome_by_itself(unanswered: int, service: dict[str, int], expected: Status) -> None:
    outcomes = {"issued": 3900, "already": 0, "sold_out": 100, "rejected": 0, "failed": 0}
    counts = replace(COUNTS, outcomes=outcomes, unanswered=unanswered, service_requests=service)
    verdict = judged(counts=counts)
    assert status(verdict, "V2") is expected
    assert ("sold_out: 100 told by k6" in text(verdict, "V2")) is (expected is Status.FAIL)


@pytest.mark.parametrize("missing", ["differences", "outcomes", "service_requests"])
def test_v2_missing_evidence_is_unknown(missing: str) -> None:
    verdict = judged(counts=replace(COUNTS, **{missing: None}))
    assert (status(verdict, "V2"), verdict.validity) == (Status.UNKNOWN, Validity.UNKNOWN)
    assert "evidence missing: V2" in verdict.reason


def test_v3_a_failed_invariant_leaves_the_run_valid_but_without_a_claim() -> None:
    verdict = judged(audit=audit_of(Status.FAIL, Status.PASS, Status.UNKNOWN))
    assert (status(verdict, "V3"), verdict.validity) == (Status.FAIL, Validity.VALID)
    assert "no claim about performance" in verdict.reason
    assert "I1 FAIL" in text(verdict, "V3")
    assert "I3 UNKNOWN" in text(verdict, "V3")


def test_v3_without_an_audit_or_with_an_unknown_one() -> None:
    assert judged(audit=None).validity is Validity.UNKNOWN
    assert judged(audit=audit_of(Status.UNKNOWN)).validity is Validity.UNKNOWN
    assert judged(audit=audit_of(Status.WARN)).validity is Validity.VALID


def test_invalid_comes_before_unknown() -> None:
    assert judged(load=replace(LOAD, exit_code=107), audit=None).validity is Validity.INVALID


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (SampleFacts(requests=2000, sold_out=0), Status.PASS),
        (SampleFacts(requests=1999, sold_out=0), Status.WARN),
        (SampleFacts(requests=199, sold_out=0), Status.FAIL),
        (SampleFacts(requests=2000, sold_out=1), Status.FAIL),
        (None, Status.NA),
    ],
)
def test_v10_limits_claims_only(samples: SampleFacts | None, expected: Status) -> None:
    verdict = judged(samples=samples)
    assert (status(verdict, "V10"), verdict.validity) == (expected, Validity.VALID)


def test_v10_exempts_smoke() -> None:
    assert status(judged(profile=SMOKE, samples=SampleFacts(requests=10, sold_out=0)), "V10") is Status.NA


def test_v10_a_profile_that_is_about_selling_out_must_sell_out() -> None:
    sold_out = structs.replace(PROFILE, name="sold-out", stock=50)
    assert status(judged(profile=sold_out, samples=SampleFacts(requests=2000, sold_out=900)), "V10") is Status.PASS
    lasted = judged(profile=sold_out, samples=SampleFacts(requests=2000, sold_out=0))
    assert (status(lasted, "V10"), lasted.validity) == (Status.FAIL, Validity.VALID)
    assert "nobody was told sold out" in text(lasted, "V10")


def test_statuses_are_counted() -> None:
    verdict = judged(audit=None)
    assert count_by_status(verdict.checks) == {Status.PASS: 2, Status.UNKNOWN: 1, Status.NA: 10}


@pytest.mark.parametrize(
    ("validities", "audits", "missed", "strict", "expected"),
    [
        ([Validity.VALID], [Status.PASS], False, False, ExitCode.OK),
        ([Validity.VALID], [Status.WARN], True, False, ExitCode.THRESHOLD_MISSED),
        ([Validity.VALID, Validity.INVALID], [Status.PASS], True, False, ExitCode.INVALID),
        ([Validity.INVALID], [Status.PASS, Status.FAIL], True, True, ExitCode.INVARIANT_FAILED),
        ([Validity.UNKNOWN], [Status.UNKNOWN], False, False, ExitCode.OK),
        ([Validity.UNKNOWN], [Status.PASS], False, True, ExitCode.INVALID),
        ([Validity.UNKNOWN], [Status.UNKNOWN], True, False, ExitCode.THRESHOLD_MISSED),
        ([], [], False, True, ExitCode.OK),
    ],
)
def test_exit_code_is_the_first_that_applies(
    validities: list[Validity], audits: list[Status], missed: bool, strict: bool, expected: ExitCode
) -> None:
    assert exit_code(validities, audits, threshold_missed=missed, strict=strict) is expected
