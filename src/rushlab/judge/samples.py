"""Samples of the stock while a run went: the second witness of I1, beside what the tables hold at the end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rushlab.judge.evidence import AuditEvidence
from rushlab.judge.requests import Requests

#: The longest stretch of the load that may pass without a whole sample, faults on purpose not counted.
LONGEST_GAP_S = 10.0

Moments = npt.NDArray[np.float64]


def most_issued(evidence: AuditEvidence) -> int | None:
    """The most coupons that a sample saw issued; None when none of them could see it."""
    if evidence.samples is None or evidence.samples["issued"].isna().all():
        return None
    return int(evidence.samples["issued"].max())


def least_left(evidence: AuditEvidence, keeper: str) -> int | None:
    """The smallest stock that a sample found with its keeper; None when none of them could see it."""
    if evidence.samples is None or evidence.samples[keeper].isna().all():
        return None
    return int(evidence.samples[keeper].min())


def told(evidence: AuditEvidence, keeper: str) -> str:
    """What the samples saw, in a few words; empty without them."""
    most, least = most_issued(evidence), least_left(evidence, keeper)
    if evidence.samples is None:
        return ""
    highest = "none saw the rows" if most is None else f"at most {most:,} issued"
    lowest = "none saw what was left" if least is None else f"at least {least:,} left"
    return f"{len(evidence.samples):,} samples during the run: {highest}, {lowest} ({keeper})"


def missing(requests: Requests, evidence: AuditEvidence, keeper: str) -> list[str]:
    """Why the samples do not cover the load, as sentences; empty = they do, and a load without requests needs none.

    A sample is whole when the rows could be counted and the stock's keeper had it. Stretches during which something
    was broken on purpose are no gap: nobody could be asked then.
    """
    if evidence.samples is None:
        return evidence.lacking("samples")
    if requests.named.empty:
        return []
    whole = evidence.samples[["issued", keeper]].notna().all(axis=1).to_numpy()
    at = evidence.samples["at"].to_numpy(np.float64)[whole]
    began, ended = float(requests.named["started"].min()), float(requests.named["ended"].max())
    if not np.isfinite([began, ended]).all():
        return ["when the load began and ended is not known"]
    longest = _longest_gap(np.sort(at), began, ended, evidence)
    if longest <= LONGEST_GAP_S:
        return []
    return [f"{longest:.1f} s of the load without a whole sample ({len(at):,} of {len(evidence.samples):,} are whole)"]


def _longest_gap(at: Moments, began: float, ended: float, evidence: AuditEvidence) -> float:
    edges = np.concatenate([[began], at[(at > began) & (at < ended)], [ended]])
    stretches: list[tuple[float, float]] = list(pairwise(edges.tolist()))
    return max(end - begin - _broken(begin, end, evidence) for begin, end in stretches)


def _broken(begin: float, end: float, evidence: AuditEvidence) -> float:
    """Seconds of a stretch during which something was broken on purpose; overlapping faults count once."""
    total, reached = 0.0, begin
    for fault in sorted(evidence.faults, key=lambda one: one.start):
        start, stop = max(fault.start, reached), min(end, end if fault.end is None else fault.end)
        total += max(0.0, stop - start)
        reached = max(reached, stop)
    return total
