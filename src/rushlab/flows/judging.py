"""Judges a run folder: its evidence audited, its counts compared, its verdict given. Reads files, drives nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd

from rushlab.flows.circumstances import circumstances
from rushlab.flows.figures import judge_thresholds, outcomes
from rushlab.judge.audit import audit
from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.observed import CountFacts, IngestFacts, LoadFacts, SampleFacts
from rushlab.judge.requests import SOLD_OUT
from rushlab.judge.thresholds import disagreements
from rushlab.judge.validity import WHOLE_EXITS, judge_run
from rushlab.model.run import Run
from rushlab.model.verdict import Audit, Verdict
from rushlab.world import evidence, points
from rushlab.world.folders import RunFolder
from rushlab.world.summary import Summary, read_summary


def judge_folder(folder: RunFolder) -> tuple[Audit, Verdict]:
    """The audit and the verdict of a run whose files are all there."""
    record, attempts, summary = folder.record, points.attempts(folder.points), _summary(folder)
    found = _evidence(folder, attempts)
    audited = audit(attempts, found, missing=missing_requests(record, summary, len(attempts)))
    verdict = judge_run(
        profile=record.profile.at_scale(record.scale),
        load=LoadFacts(exit_code=record.load.exit_code, elapsed_s=_elapsed(record, summary)),
        ingest=IngestFacts(**record.environment.get("ingest", {})),
        counts=_counts(folder, summary, attempts, found),
        audit=audited,
        samples=SampleFacts(requests=len(attempts), sold_out=int((attempts["status"] == SOLD_OUT).sum())),
        more=circumstances(folder),
    )
    return audited, verdict


def audit_folder(folder: RunFolder) -> Audit:
    """The invariants of a run, from its points and its evidence (PointsError when the points are missing)."""
    attempts = points.attempts(folder.points)
    missing = missing_requests(folder.record, _summary(folder), len(attempts))
    return audit(attempts, _evidence(folder, attempts), missing=missing)


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


def missing_requests(record: Run, summary: Summary | None, requests: int) -> list[str]:
    """Why the points may not hold every request that k6 made; empty = they do."""
    sentences = []
    if record.environment.get("ingest", {}).get("truncated"):
        sentences.append("k6's points are cut")
    if record.load.exit_code not in WHOLE_EXITS:
        sentences.append(f"k6 did not end by itself (exit code {record.load.exit_code})")
    if summary is None:
        sentences.append("no summary of k6 says how many requests there were")
    elif (told := summary.metrics.get("http_reqs", {}).get("count", 0)) != requests:
        sentences.append(f"k6 counted {told:,.0f} requests, its points hold {requests:,}")
    return sentences


def _evidence(folder: RunFolder, attempts: pd.DataFrame) -> AuditEvidence:
    """What was collected; older runs have the moment of the drain in their record alone."""
    found = evidence.load(folder.evidence)
    facts = {"drained": folder.record.timing.drained} | found.facts
    collected = AuditEvidence.of(found.frames, facts, faults=folder.record.faults)
    return collected.counted_since(float(attempts["started"].min())) if len(attempts) else collected


def _counts(folder: RunFolder, summary: Summary | None, attempts: pd.DataFrame, found: AuditEvidence) -> CountFacts:
    answered = attempts[attempts["status"] != 0]
    return CountFacts(
        differences=None if summary is None else _differences(folder, summary),
        compared=0 if summary is None else len(summary.metrics),
        outcomes=outcomes(answered),
        unanswered=len(attempts) - len(answered),
        service_requests=found.service_requests,
    )


def _differences(folder: RunFolder, summary: Summary) -> list[str]:
    """Where our figures and thresholds are not k6's."""
    figures = points.figures(folder.points, summary)
    ours = judge_thresholds(folder.record.profile, figures["metrics"], points.durations(folder.points))
    return points.disagreements(figures, summary) + disagreements(ours, summary.thresholds)


def _elapsed(record: Run, summary: Summary | None) -> float | None:
    """Seconds that the test ran, as k6 has them; else as the workbench saw k6's process."""
    exact = summary.test_run_duration_ms if summary else None
    return record.load.elapsed_s if exact is None else exact / 1000


def _summary(folder: RunFolder) -> Summary | None:
    return read_summary(folder.summary) if folder.summary.is_file() else None
