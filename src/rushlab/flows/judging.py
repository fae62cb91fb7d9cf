"""Judges a run folder: its evidence audited, its counts compared, its verdict given. Reads files, drives nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from rushlab.judge.audit import audit
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.observed import CountFacts, IngestFacts, LoadFacts, SampleFacts, summary_counts
from rushlab.judge.validity import judge_run
from rushlab.model.run import Run
from rushlab.model.verdict import Audit, Verdict
from rushlab.world import evidence, points
from rushlab.world.folders import RunFolder
from rushlab.world.summary import Summary, read_summary

SOLD_OUT = 410


def judge_folder(folder: RunFolder) -> tuple[Audit, Verdict]:
    """The audit and the verdict of a run whose files are all there."""
    audited = audit_folder(folder)
    record = folder.record
    attempts = points.attempts(folder.points)
    summary = _summary(folder)
    verdict = judge_run(
        profile=record.profile.at_scale(record.scale),
        load=LoadFacts(exit_code=record.load.exit_code, elapsed_s=_elapsed(record, summary)),
        ingest=IngestFacts(**record.environment.get("ingest", {})),
        counts=_counts(folder, summary, len(attempts), int((attempts["status"] != 0).sum())),
        audit=audited,
        samples=SampleFacts(requests=len(attempts), sold_out=int((attempts["status"] == SOLD_OUT).sum())),
    )
    return audited, verdict


def audit_folder(folder: RunFolder) -> Audit:
    """The invariants of a run, from its points and its evidence (PointsError when the points are missing)."""
    found = evidence.load(folder.evidence)
    facts = {"drained": folder.record.timing.drained} | found.facts
    return audit(points.attempts(folder.points), AuditEvidence.of(found.frames, facts))


def audit_json(run: Run, result: Audit) -> dict[str, Any]:
    """The audit as `rushlab audit --json` prints it (shape: docs/schemas/audit.schema.json)."""
    invariants = {check.id: msgspec.to_builtins(check) for check in result.invariants}
    return {
        "schema": 1,
        "run": run.id,
        "verdict": str(result.verdict),
        "invariants": {name: {**fields, "verdict": fields["status"]} for name, fields in invariants.items()},
        "counts": result.counts,
    }


def _counts(folder: RunFolder, summary: Summary | None, requests: int, answered: int) -> CountFacts:
    ours = points.figures(folder.points, summary)["metrics"]
    served = evidence.load(folder.evidence).facts.get("service_requests")
    return CountFacts(
        points=summary_counts(ours),
        summary=summary_counts(summary.metrics) if summary else None,
        requests=requests,
        answered=answered,
        service_requests=sum(served.values()) if served else None,
    )


def _elapsed(record: Run, summary: Summary | None) -> float | None:
    """Seconds that the test ran, as k6 has them; else as the workbench saw k6's process."""
    exact = summary.test_run_duration_ms if summary else None
    return record.load.elapsed_s if exact is None else exact / 1000


def _summary(folder: RunFolder) -> Summary | None:
    return read_summary(folder.summary) if folder.summary.is_file() else None
