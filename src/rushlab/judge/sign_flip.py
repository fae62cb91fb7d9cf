"""The exact sign-flip test of paired differences.

If variant and baseline were the same, each difference could as well have had the other sign: random order within
blocks makes it so, whatever the distribution. The p-value is the share of all 2^k sign patterns whose sum is at
least as far from zero as the observed one. Source: Fisher, The Design of Experiments (1935), § 21; Pitman (1937).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: Below this many blocks even the most extreme pattern has p > 0.05 or nearly so: 2/2^5 = 0.0625.
LEAST_BLOCKS = 6
#: Up to here the patterns of two halves are listed and combined; beyond, their sums are counted on a grid.
MOST_LISTED = 36
#: Cells that the sum of all absolute differences is divided into: p then errs by less than 1e-4.
CELLS = 1 << 16
#: Sums that agree to this share are ties (they are sums of the same numbers in another order).
TIE = 1e-9


def smallest_attainable(k: int) -> float:
    """The p of the most extreme of 2^k patterns and its mirror image."""
    return float(2.0 ** (1 - k))


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p of at least one difference; exact to 36 of them, within 1e-4 beyond."""
    size = np.sort(np.abs(np.asarray(differences, dtype=float)))
    observed, whole = abs(math.fsum(differences)), float(size.sum())
    if whole == 0:
        return 1.0
    if len(size) > MOST_LISTED:
        return _counted_on_grid(size / whole, observed / whole)
    return _listed(size, observed - TIE * whole)


def _listed(size: npt.NDArray[np.float64], limit: float) -> float:
    """Share of patterns whose |sum| is at least `limit`: every sum of one half against the sorted other half."""
    if limit <= 0:
        return 1.0
    half = len(size) // 2
    left, right = _sums(size[:half]), np.sort(_sums(size[half:]))
    above = len(right) - np.searchsorted(right, limit - left, side="left")
    below = np.searchsorted(right, -limit - left, side="right")
    return float((above.sum() + below.sum()) / (len(left) * len(right)))


def _sums(size: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sums = np.zeros(1)
    for value in size:
        sums = np.concatenate((sums - value, sums + value))
    return sums


def _counted_on_grid(size: npt.NDArray[np.float64], limit: float) -> float:
    """The distribution of the sum by convolution, each difference rounded to the grid."""
    steps = np.rint(size * CELLS).astype(np.int64)
    reach = int(steps.sum())
    share = np.zeros(2 * reach + 1)
    share[reach] = 1.0
    for step in steps:
        share = (_moved(share, step) + _moved(share, -step)) / 2
    far = np.abs(np.arange(-reach, reach + 1)) >= math.floor(limit * CELLS)
    return float(min(1.0, share[far].sum()))


def _moved(share: npt.NDArray[np.float64], by: int) -> npt.NDArray[np.float64]:
    moved = np.zeros_like(share)
    if by == 0:
        return share
    if by > 0:
        moved[by:] = share[:-by]
    else:
        moved[:by] = share[-by:]
    return moved
