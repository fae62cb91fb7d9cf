"""What a paired experiment can see: its power, the smallest change it sees, the blocks a change needs.

The t statistic of k differences with mean Δ and standard deviation s follows the noncentral t distribution with
k − 1 degrees of freedom and noncentrality Δ·√k / s; power is the probability that it lies beyond ±t(0.975, k − 1).
Source: Cohen, Statistical Power Analysis (1988), ch. 2. Valid for independent, roughly normal differences; s is
taken as known, so an s estimated from few blocks makes the answer as uncertain as itself.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.special import chdtr, nctdtr, stdtrit

ALPHA = 0.05
POWER = 0.80
#: Fewest blocks that get a verdict, and the most that are worth naming.
LEAST_BLOCKS = 3
MOST_BLOCKS = 1_000_000
#: Beyond it the noncentral t is computed from the spread's distribution alone (the mean's is negligible there).
HIGHEST_NONCENTRALITY = 35.0
#: Beyond it a t below −t(0.975) has a probability under 1e-9, which scipy does not compute.
NO_LOWER_TAIL = 6.0


def power(change: float, sd: float, k: int) -> float:
    """Probability that `k` ≥ 2 blocks show a true `change` (of the logarithm) at spread `sd` > 0 of the differences."""
    return _power(abs(change) * math.sqrt(k) / sd, k)


def smallest_change(sd: float, k: int) -> float:
    """The smallest change that `k` ≥ 2 blocks see with 80 % power, as a share: 0.2 is 20 % more (or 1/1.2)."""
    needed = brentq(lambda noncentrality: _power(noncentrality, k) - POWER, 0.0, HIGHEST_NONCENTRALITY)
    return math.expm1(min(float(needed) * sd / math.sqrt(k), 700.0))


def blocks_needed(change: float, sd: float) -> int | None:
    """Fewest blocks (at least 3) that see a relative `change` (0.1: 10 %) with 80 % power; None beyond a million."""
    effect = math.log1p(change)
    if sd == 0 or power(effect, sd, LEAST_BLOCKS) >= POWER:
        return LEAST_BLOCKS
    if power(effect, sd, MOST_BLOCKS) < POWER:
        return None
    too_few, enough = LEAST_BLOCKS, MOST_BLOCKS
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if power(effect, sd, middle) >= POWER:
            enough = middle
        else:
            too_few = middle
    return enough


def _power(noncentrality: float, k: int) -> float:
    limit = float(stdtrit(k - 1, 1 - ALPHA / 2))
    if noncentrality > HIGHEST_NONCENTRALITY:
        return float(chdtr(k - 1, (k - 1) * (noncentrality / limit) ** 2))
    lower = 0.0 if noncentrality > NO_LOWER_TAIL else nctdtr(k - 1, noncentrality, -limit)
    return float(1 - nctdtr(k - 1, noncentrality, limit) + lower)
