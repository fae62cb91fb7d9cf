"""Change points in the level of an autocorrelated series.

Binary segmentation (Scott & Knott 1974) over windows of several lengths (Kovács et al., Biometrika 110, 2023): the
split that separates two means best is kept while its statistic is beyond a limit, and both sides are split again. The
statistic is |mean difference| · √(n₁n₂/n) over the noise's long-run standard deviation σ·√((1+ρ)/(1−ρ)), which is what
AR(1) noise of autocorrelation ρ leaves in a mean (Bartlett 1946). Without it seconds that resemble the second before
would pass for shifts.

σ and ρ are estimated from what is left after the two best splits, or after a straight line where that leaves less, so
that neither a shift nor a slope passes for noise; ρ is then freed of the bias that fitting three means to n points
brings: the residuals' own is about ρ − (6 + 14ρ)/n, by simulation. The limit 4.25 + 20/n is a level that AR(1) noise of
ρ ≤ 0.7 exceeds in at most about 4 % of series of 30 to 600 points, by simulation too (tests/judge/test_change_points.py
repeats it). Valid for noise that forgets within a few points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

#: Fewest points of a series: below, noise and change cannot be told apart.
FEWEST = 30
#: Fewest points between two changes: a single slow second is none.
SHORTEST = 5
LIMIT, LIMIT_SHORT = 4.25, 20.0
#: Normal quantile of 80 %: so far beyond the limit a true change has 80 % power.
QUANTILE_80 = 0.84
BIAS, BIAS_SLOPE = 6.0, 14.0
MOST_AUTOCORRELATED = 0.9
#: Spread below this is rounding, not noise.
ROUNDING = 1e-9


def change_points(series: Series) -> tuple[int, ...]:
    """Positions at which a new level begins, ascending; none for fewer than 30 points."""
    if len(series) < FEWEST:
        return ()
    sums, limit = _sums(series), _limit(len(series)) * max(_long_run_sd(series), ROUNDING)
    return tuple(sorted(_splits(sums, 0, len(series), limit)))


def visible_change(series: Series) -> float:
    """The change of level, half way through at least 30 points, that is found in about 80 % of such series."""
    n = len(series)
    return (_limit(n) + QUANTILE_80) * _long_run_sd(series) * 2 / math.sqrt(n)


def levels(series: Series, changes: Sequence[int]) -> tuple[float, ...]:
    """The mean between each two changes, before the first and after the last."""
    return tuple(float(series[begin:end].mean()) for begin, end in pairwise([0, *changes, len(series)]))


def _sums(series: Series) -> Series:
    return np.concatenate(([0.0], np.cumsum(series - series.mean())))


def _limit(n: int) -> float:
    return LIMIT + LIMIT_SHORT / n


def _splits(sums: Series, begin: int, end: int, limit: float) -> Iterator[int]:
    size, place = _best_split(sums, begin, end)
    if place is not None and size > limit:
        yield place
        yield from _splits(sums, begin, place, limit)
        yield from _splits(sums, place, end, limit)


def _best_split(sums: Series, begin: int, end: int) -> tuple[float, int | None]:
    """The best split of [begin, end) within any of its windows; (0, None) when it is too short."""
    found = [_split(sums, *window) for window in _windows(begin, end)]
    return max(found, key=itemgetter(0), default=(0.0, None))


def _windows(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """All of [begin, end), and windows of 2/3, 4/9, … of it, each half a window on: a hump hides in the whole."""
    length = end - begin
    while length >= 2 * SHORTEST:
        steps = max(1, math.ceil(2 * (end - begin) / length) - 1)
        for step in range(steps):
            start = begin + round(step * (end - begin - length) / max(steps - 1, 1))
            yield start, start + length
        length = length * 2 // 3


def _split(sums: Series, begin: int, end: int) -> tuple[float, int]:
    """The largest |mean difference| · √(n₁n₂/n) of a split of [begin, end), and its place."""
    at = np.arange(begin + SHORTEST, end - SHORTEST + 1)
    left, right = at - begin, end - at
    difference = (sums[end] - sums[at]) / right - (sums[at] - sums[begin]) / left
    size = np.abs(difference) * np.sqrt(left * right / (end - begin))
    best = int(size.argmax())
    return float(size[best]), int(at[best])


def _long_run_sd(series: Series) -> float:
    """σ·√((1+ρ)/(1−ρ)) of what the better of two explanations leaves: the two best splits, or a straight line."""
    n, sums = len(series), _sums(series)
    _, first = _best_split(sums, 0, n)
    _, second = max(_best_split(sums, 0, first or 0), _best_split(sums, first or 0, n), key=itemgetter(0))
    cuts = sorted(place for place in (first, second) if place is not None)
    steps = np.repeat(levels(series, cuts), np.diff([0, *cuts, n]))
    seconds = np.arange(n) - (n - 1) / 2
    line = series.mean() + seconds * (seconds @ series) / (seconds @ seconds)
    return min(_sd_of_mean(series - steps, len(cuts) + 1), _sd_of_mean(series - line, 2))


def _sd_of_mean(rest: Series, fitted: int) -> float:
    """√n times the standard deviation of a mean of AR(1) noise, from residuals of a fit of `fitted` parameters."""
    n, whole = len(rest), float(rest @ rest)
    if whole < n * ROUNDING**2:
        return 0.0
    rho = _unbiased(float(rest[1:] @ rest[:-1]) / whole, n)
    return math.sqrt(whole / (n - fitted) * (1 + rho) / (1 - rho))


def _unbiased(autocorrelation: float, n: int) -> float:
    """ρ from the residuals' own; negative ones count as none, so that the limit is never lowered."""
    return min(max((autocorrelation * n + BIAS) / (n - BIAS_SLOPE), 0.0), MOST_AUTOCORRELATED)
