"""Randomised complete blocks: how they are drawn, and whether a recorded order is one.

A block runs every variant once, back to back, in an order drawn at random. What changes slowly (a machine that
warms up, a neighbour) then falls on all variants alike, and what changes quickly is spread by chance. Running all
of A and then all of B instead gives 14 to 27 % false alarms on a machine that drifts. Source: Fisher, The Design
of Experiments (1935), ch. 4.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

import pandas as pd
from pandas.api.types import is_numeric_dtype

from rushlab.model.comparison import Design
from rushlab.model.errors import UsageError

#: A recorded order is taken for a fixed one when chance would make it so in fewer than 5 % of experiments.
SUSPICIOUS = 0.05


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of a plan: its position in the whole sequence; the settling run (position 0, block 0) is discarded."""

    position: int
    block: int
    variant: str

    @property
    def settling(self) -> bool:
        return self.position == 0


@dataclass(frozen=True, slots=True)
class Order:
    """What a recorded order is; `reason` says why when it supports no verdict, `warning` what to keep in mind."""

    design: Design
    reason: str | None = None
    warning: str | None = None


def draw(
    variants: Sequence[str], blocks: int, seed: int, pairs: Sequence[tuple[str, str]] = ()
) -> tuple[PlannedRun, ...]:
    """The runs of an experiment in order: one settling run of the first variant, then `blocks` blocks.

    The same arguments give the same order on every machine. Orders that are the same in every block are drawn again:
    they could not tell a variant from its place. So are those in which one of `pairs`, which will be held against each
    other, has the same order in every block, where that is rare enough to look intended (`SUSPICIOUS`).

    Raises
    ------
    UsageError
        Fewer than two variants, one named twice, or no block.
    """
    if len(variants) < 2:
        raise UsageError("There is nothing to compare", "an experiment needs at least two variants")
    if len(set(variants)) < len(variants):
        raise UsageError("A variant is named twice", ", ".join(variants))
    if blocks < 1:
        raise UsageError(f"An experiment of {blocks} blocks has no run", "there must be at least one")
    chance = random.Random(seed)
    orders = [_shuffled(variants, chance) for _ in range(blocks)]
    while blocks > 1 and (_all_equal(orders) or any(_never_swapped(orders, pair) for pair in pairs)):
        orders = [_shuffled(variants, chance) for _ in range(blocks)]
    sequence = [(block, variant) for block, order in enumerate(orders, 1) for variant in order]
    runs = [PlannedRun(position, block, variant) for position, (block, variant) in enumerate(sequence, 1)]
    return (PlannedRun(0, 0, variants[0]), *runs)


def examine(runs: pd.DataFrame) -> Order:
    """Whether the recorded order of `runs` (block, variant, order) is blocked and random.

    `order` numbers all runs in their sequence (or holds their times), or numbers the runs of each block. Blocked: the
    runs of a block follow one another. Random: the order is not the same in every block, unless chance would make it
    so in 5 % of experiments or more, (1 / variants!) ^ (blocks − 1).

    Raises
    ------
    UsageError
        The order says one place twice.
    """
    recorded = int(runs["order"].notna().sum())
    if recorded == 0:
        return Order(Design.UNKNOWN)
    if recorded < len(runs):
        said = f"order is missing for {len(runs) - recorded} of {len(runs)} runs, so it is taken as unknown"
        return Order(Design.UNKNOWN, warning=said)
    within_blocks = bool(runs["order"].duplicated().any())
    if within_blocks:
        _check_places(runs)
    elif split := _split_block(runs):
        said = (
            f"the runs of block {split} did not follow one another, so a drift of the machine may look like an effect"
        )
        return Order(Design.NOT_INTERLEAVED, reason=said)
    return _randomness(_orders(runs))


def _randomness(orders: Sequence[tuple[str, ...]]) -> Order:
    whole = max((len(order) for order in orders), default=0)
    complete = [order for order in orders if len(order) == whole]
    if len(complete) < 2 or not _all_equal(complete):
        return Order(Design.RANDOMISED)
    chance = math.exp(-math.lgamma(whole + 1) * (len(complete) - 1))
    said = f"every block ran {', '.join(complete[0])} in this order, so a variant cannot be told from its place"
    if chance < SUSPICIOUS:
        return Order(Design.FIXED, reason=said)
    return Order(Design.RANDOMISED, warning=f"{said} (by chance in {chance * 100:.0f} % of experiments)")


def _never_swapped(orders: Sequence[tuple[str, ...]], pair: tuple[str, str]) -> bool:
    """Whether the pair has one order in all blocks, and enough of them that chance would seldom do that."""
    first, second = pair
    rare = 0.5 ** (len(orders) - 1) < SUSPICIOUS
    return rare and len({order.index(first) < order.index(second) for order in orders}) == 1


def _orders(runs: pd.DataFrame) -> list[tuple[str, ...]]:
    """The variants of each block in the order they ran."""
    ordered = runs.sort_values(["block", "order"])
    runs_of_block = groupby(zip(ordered["block"], ordered["variant"], strict=True), key=itemgetter(0))
    return [tuple(variant for _, variant in rows) for _, rows in runs_of_block]


def _split_block(runs: pd.DataFrame) -> str | None:
    """A block that was left and entered again, if any."""
    sequence = pd.Series([block for block, _ in groupby(runs.sort_values("order")["block"])])
    again = sequence[sequence.duplicated()]
    return str(again.iloc[0]) if len(again) else None


def _check_places(runs: pd.DataFrame) -> None:
    """An order that repeats must be one within the blocks: 1 … v in each, with gaps where a run is missing.

    Times number no places: one that repeats says nothing of which run was first.
    """
    numbers = is_numeric_dtype(runs["order"])
    spread = runs["order"].max() - runs["order"].min() if numbers else math.inf
    twice = runs[runs.duplicated(["block", "order"])]
    if len(twice) or spread > runs["variant"].nunique() - 1:
        place = (twice if len(twice) else runs[runs["order"].duplicated()])["order"].iloc[0]
        raise UsageError(
            f"The order says {place:g} twice" if isinstance(place, int | float) else f"The order says {place} twice",
            "it numbers all runs in their sequence, or the runs of each block from 1",
        )


def _shuffled(variants: Sequence[str], chance: random.Random) -> tuple[str, ...]:
    return tuple(chance.sample(list(variants), len(variants)))


def _all_equal(orders: Sequence[tuple[str, ...]]) -> bool:
    return all(first == second for first, second in pairwise(orders))
