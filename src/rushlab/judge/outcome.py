"""From the two facts to a verdict: better or worse need both, else equivalent, else inconclusive."""

from __future__ import annotations

from rushlab.judge.equivalence import equivalent, matters
from rushlab.judge.paired import Paired
from rushlab.model.comparison import Outcome
from rushlab.model.metric import Better

ALPHA = 0.05


def differs(estimate: Paired) -> bool | None:
    """Whether the 95 % interval excludes 1, which is p < 0.05 in the paired t-test; None for one block."""
    return None if estimate.p_t is None else estimate.p_t < ALPHA


def outcome(estimate: Paired, margin: float, better: Better, *, stands: bool = True) -> Outcome:
    """The verdict of at least two blocks; `stands`: that they differ holds after Holm's correction too."""
    if differs(estimate) and matters(estimate, margin) and stands:
        wanted = (estimate.mean < 0) == (better == "lower")
        return Outcome.BETTER if wanted else Outcome.WORSE
    return Outcome.EQUIVALENT if equivalent(estimate, margin) else Outcome.INCONCLUSIVE
