"""A run folder is judged from its files: what each missing or differing one does to audit and verdict."""

import json

import pandas as pd
import pytest

from rushlab.flows.judging import audit_folder, judge_folder
from rushlab.model.run import Load
from rushlab.model.verdict import Status, Validity


def status(checks, name):
    return next(check.status for check in checks if check.id == name)


def evidence_of(checks, name):
    return next(check.evidence for check in checks if check.id == name)


def test_a_whole_run_is_valid_and_correct(recorded):
    folder = recorded()
    audit, verdict = judge_folder(folder)
    assert (audit.verdict, verdict.validity) == (Status.PASS, Validity.VALID)
    assert audit_folder(folder) == audit


def test_a_run_of_an_older_version_has_the_drain_in_its_record(recorded):
    folder = recorded()
    facts = json.loads((folder.evidence / "evidence.json").read_text())
    assert not {"drained", "stock_ordered", "given_back", "service_started"} & set(facts)
    assert audit_folder(folder).verdict is Status.PASS


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (Load(model="closed", exit_code=-9, elapsed_s=5.0), "exit code -9"),
        (Load(model="closed", exit_code=None, elapsed_s=5.0), "exit code None"),
    ],
)
def test_a_k6_that_did_not_end_by_itself_leaves_the_replies_incomplete(recorded, load, said):
    audit, verdict = judge_folder(recorded(load=load))
    assert verdict.validity in (Validity.INVALID, Validity.UNKNOWN)
    for name in ("I2", "I3", "I4", "I5", "I13"):
        assert status(audit.invariants, name) is Status.UNKNOWN
        assert said in evidence_of(audit.invariants, name)


def test_points_that_are_cut_or_fewer_than_k6_counted_leave_the_replies_incomplete(recorded):
    folder = recorded()
    folder.record.environment["ingest"]["truncated"] = True
    assert "k6's points are cut" in evidence_of(audit_folder(folder).invariants, "I3")
    fewer = recorded()
    recorded.summarize(fewer, lambda metrics: metrics["http_reqs"]["values"].update(count=5, rate=1))
    assert "k6 counted 5 requests, its points hold 4" in evidence_of(audit_folder(fewer).invariants, "I3")
    silent = recorded()
    silent.summary.unlink()
    assert "no summary" in evidence_of(audit_folder(silent).invariants, "I3")


def test_any_value_that_is_not_k6s_makes_the_run_invalid(recorded):
    folder = recorded()
    recorded.summarize(folder, lambda metrics: metrics["http_req_duration"]["values"].update(max=21.0))
    _, verdict = judge_folder(folder)
    assert verdict.validity is Validity.INVALID
    assert "http_req_duration max: 20.0 in the points, 21.0 in the summary" in evidence_of(verdict.checks, "V2")


@pytest.mark.parametrize("expression", ["p(95)<1000", "p(99)<1000"])
def test_a_threshold_that_k6_judged_otherwise_makes_the_run_invalid(recorded, expression):
    def missed(metrics):
        metrics["http_req_duration"]["thresholds"] = {expression: {"ok": False}}

    folder = recorded()
    recorded.summarize(folder, missed)
    _, verdict = judge_folder(folder)
    assert status(verdict.checks, "V2") is Status.FAIL
    assert f"http_req_duration {expression}: met by the points, missed by k6" in evidence_of(verdict.checks, "V2")


def test_an_outcome_that_the_service_counted_otherwise_makes_the_run_invalid(recorded):
    _, verdict = judge_folder(recorded(facts={"service_requests": {"issued": 2, "already": 2}}))
    assert status(verdict.checks, "V2") is Status.FAIL


def test_a_service_that_was_started_again_has_no_count_of_the_run(recorded):
    start = 1_795_528_800.0
    audit, verdict = judge_folder(recorded(facts={"service_started": start - 9, "given_back": 0}))
    assert (audit.verdict, verdict.validity) == (Status.PASS, Validity.VALID)
    again = recorded(facts={"service_started": start + 2, "service_requests": {"issued": 2}})
    _, verdict = judge_folder(again)
    assert (status(verdict.checks, "V2"), verdict.validity) == (Status.UNKNOWN, Validity.UNKNOWN)


def test_a_drain_that_timed_out_is_taken_from_the_evidence(recorded):
    folder = recorded(facts={"drained": None})
    outbox = folder.evidence / "outbox.parquet"
    pd.read_parquet(outbox).assign(status=0).to_parquet(outbox)
    topic = folder.evidence / "topic.parquet"
    pd.read_parquet(topic).iloc[:3].to_parquet(topic)
    audit = audit_folder(folder)
    assert status(audit.invariants, "I8") is Status.UNKNOWN
    assert audit.verdict is Status.UNKNOWN
