"""What `rushlab audit --json` prints follows its schema, with all evidence and with none."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from rushlab.flows.judging import audit_json
from rushlab.judge.audit import AuditEvidence, audit
from rushlab.model.profile import Profile
from rushlab.model.run import Load, Run, State, Timing

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/audit.schema.json").read_text("utf-8"))
ISSUES = pd.DataFrame(
    {"user_id": [1], "event_id": [11], "accepted_at": [1.0], "confirmed_at": [2.0], "confirmations": [1]}
)
WHOLE = AuditEvidence(
    issues=ISSUES,
    outbox=ISSUES[["event_id", "user_id"]].assign(status=1, position=1, sent_at=1.5),
    topic=ISSUES[["event_id", "user_id"]].assign(partition=0, offset=0, key=1),
    dead=ISSUES[[]].assign(partition=0, offset=0)[:0],
    effects=ISSUES[["event_id"]],
    reservation="redis-lua",
    stock=2,
    redis_remaining=1,
)
ATTEMPTS = pd.DataFrame({"user": pd.array([1], "Int64"), "status": [201], "started": [1.0], "ended": [1.1]})


def run() -> Run:
    profile = Profile(name="smoke", title="", purpose="", executor="constant-vus", pause_s=1, thresholds={})
    return Run(
        id="20261124T140000Z-smoke-report-0000",
        state=State.COLLECTED,
        profile=profile,
        scale=1,
        variant="report",
        knobs={},
        load=Load(model="closed"),
        timing=Timing(created=0),
        environment={},
    )


@pytest.mark.parametrize("evidence", [WHOLE, AuditEvidence()], ids=["whole", "nothing"])
def test_audit_json_follows_its_schema(evidence: AuditEvidence) -> None:
    printed = json.loads(json.dumps(audit_json(run(), audit(ATTEMPTS, evidence))))
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(printed)
