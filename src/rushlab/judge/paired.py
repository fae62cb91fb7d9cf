"""Paired differences over blocks: their mean, its interval and the t-test behind it.

One difference d = ln(variant) − ln(baseline) per block; what both runs of a block share (the state of the machine
in those minutes) cancels. Source: Student's paired t-test, e.g. Box, Hunter & Hunter, Statistics for Experimenters,
ch. 3. Valid when the differences are independent with one spread and no heavy tails, which random order within
blocks makes plausible and a record of an unmixed sequence does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

#: Logarithms of equal ratios differ in their last bits only; a spread or mean below this is none.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Paired:
    """Mean and sample standard deviation (None for one block) of `k` differences of logarithms."""

    k: int
    mean: float
    sd: float | None

    @property
    def ratio(self) -> float:
        """The typical ratio variant / baseline: exp of the mean difference."""
        return safe_exp(self.mean)

    @property
    def t(self) -> float | None:
        """The t statistic, infinite when all differences are equal and not zero; None for one block."""
        if self.sd is None:
            return None
        if self.sd == 0:
            return math.copysign(math.inf, self.mean) if self.mean else 0.0
        return self.mean / (self.sd / math.sqrt(self.k))

    @property
    def p_t(self) -> float | None:
        """Two-sided p of the paired t-test with k − 1 degrees of freedom; None for one block."""
        return None if self.t is None else float(2 * stdtr(self.k - 1, -abs(self.t)))

    def bounds(self, confidence: float) -> tuple[float, float] | None:
        """mean ± t((1 + confidence) / 2, k − 1) · sd / √k, on the logarithmic scale; None for one block."""
        if self.sd is None:
            return None
        half = float(stdtrit(self.k - 1, (1 + confidence) / 2)) * self.sd / math.sqrt(self.k)
        return self.mean - half, self.mean + half

    def interval(self, confidence: float = 0.95) -> tuple[float, float] | None:
        """The interval of the ratio; None for one block."""
        bounds = self.bounds(confidence)
        return None if bounds is None else (safe_exp(bounds[0]), safe_exp(bounds[1]))


def paired(differences: Sequence[float]) -> Paired:
    """Summary of at least one difference of logarithms (order does not matter: sums are exact)."""
    k = len(differences)
    mean = _snapped(math.fsum(differences) / k)
    if k == 1:
        return Paired(k, mean, None)
    return Paired(k, mean, _snapped(math.sqrt(math.fsum((d - mean) ** 2 for d in differences) / (k - 1))))


def safe_exp(logarithm: float) -> float:
    """exp, held within what a JSON number can say (an interval of two wild blocks may reach beyond)."""
    return math.exp(min(max(logarithm, -700.0), 700.0))


def _snapped(value: float) -> float:
    return 0.0 if abs(value) < ROUNDING else value
