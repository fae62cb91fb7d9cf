"""What a randomised design leaves to check: does the place within a block matter, did anything change over the blocks.

Each effect is estimated by least squares and warned of when it is beyond the margin δ and its own 95 % interval
excludes zero: chance alone moves the estimates of six noisy blocks beyond δ in half of all experiments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import stdtrit

from rushlab.judge.pairs import Pairs


def warnings(pairs: Pairs, margin: float) -> Iterator[str]:
    """One sentence for each: the order within blocks, a trend of the difference, a drift of the baseline."""
    if len(pairs.variant_later) > 1 and len(later := set(pairs.variant_later)) == 1 and None not in later:
        where = "after" if later == {True} else "before"
        yield f"order: the variant ran {where} the baseline in every block, so an effect of the place cannot be told"
    place = [1.0 if later else -1.0 for later in pairs.variant_later if later is not None]
    known = [d for d, later in zip(pairs.differences, pairs.variant_later, strict=True) if later is not None]
    if effect := _beyond(place, known, margin):
        yield f"order effect: of two runs of a block the later one was {_percent(effect)}"
    blocks = _unit_interval(pairs)
    if effect := _beyond(blocks, pairs.differences, margin):
        yield f"trend: from the first to the last block the ratio itself went {_percent(effect)}"
    if effect := _beyond(blocks, pairs.levels, margin):
        yield f"drift: from the first to the last block the baseline went {_percent(effect)} (blocks cancel that)"


def _beyond(x: Sequence[float], y: Sequence[float], margin: float) -> float | None:
    """The slope of y on x if it is beyond the margin and noise, else None (also with fewer than 3 points)."""
    if len(y) < 3 or len(set(x)) < 2:
        return None
    centred = np.asarray(x) - np.mean(x)
    spread = float(centred @ centred)
    slope = float(centred @ np.asarray(y)) / spread
    rest = np.asarray(y) - np.mean(y) - slope * centred
    error = math.sqrt(float(rest @ rest) / (len(y) - 2) / spread)
    limit = max(math.log1p(margin), float(stdtrit(len(y) - 2, 0.975)) * error)
    return slope if abs(slope) > limit else None


def _unit_interval(pairs: Pairs) -> list[float]:
    """Each used block's place among all blocks, from 0 for the first to 1 for the last."""
    place = {block: number for number, block in enumerate(pairs.blocks)}
    last = max(len(pairs.blocks) - 1, 1)
    return [place[block] / last for block in pairs.used]


def _percent(effect: float) -> str:
    change = math.expm1(min(effect, 700.0))
    return f"{abs(change):.1%} {'higher' if change > 0 else 'lower'}".replace("%", " %")
