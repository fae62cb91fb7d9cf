"""Facts about a ratio against the margin δ: does it matter, is it equivalent.

On a logarithmic scale the margin is symmetric: a ratio within [1/(1+δ), 1+δ] makes no difference that matters.
Equivalence is two one-sided tests at 5 %, which is the 90 % interval inside that range. Source: Schuirmann (1987),
J. Pharmacokinet. Biopharm. 15; a true change of δ is then called equivalent in at most 5 % of experiments.
"""

from __future__ import annotations

import math

from rushlab.judge.paired import ROUNDING, Paired

CONFIDENCE = 0.90


def matters(estimate: Paired, margin: float) -> bool:
    """Whether the estimated ratio lies beyond the margin (on it is not beyond)."""
    return abs(estimate.mean) > math.log1p(margin) + ROUNDING


def equivalent(estimate: Paired, margin: float) -> bool | None:
    """Whether the 90 % interval lies inside the margin; None for one block, which has no interval."""
    bounds = estimate.bounds(CONFIDENCE)
    if bounds is None:
        return None
    return max(abs(bounds[0]), abs(bounds[1])) <= math.log1p(margin) + ROUNDING
