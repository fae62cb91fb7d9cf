"""Runs of an experiment as a checked frame, and their differences per block."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rushlab.model.comparison import Exclusion
from rushlab.model.errors import UsageError

COLUMNS = ("block", "variant", "value")
#: The largest logarithm of a ratio that a number can say with room for its interval (about 1e300).
LARGEST = 690.0


@dataclass(frozen=True, slots=True)
class Pairs:
    """What `variant` has against `baseline`: differences of logarithms by block, in the order of the blocks.

    `levels` are the baseline's own logarithms. `variant_later` says for each whether the variant ran after the
    baseline, None where no order is recorded. `blocks` are all blocks, also those that are excluded here.
    """

    baseline: str
    variant: str
    used: tuple[str, ...]
    differences: tuple[float, ...]
    levels: tuple[float, ...]
    variant_later: tuple[bool | None, ...]
    blocks: tuple[str, ...]
    excluded: tuple[Exclusion, ...]

    @property
    def share_excluded(self) -> float:
        """Blocks that cannot be used, as a share of all; a block without one of its two runs is lost whole."""
        return 1 - len(self.used) / len(self.blocks)


def checked(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The frame with text labels, in an order of its own that does not depend on the order of its rows.

    Parameters
    ----------
    frame
        One row per run: block, variant (labels), value (> 0; NaN where a run has none), optionally order
        (anything that sorts; the same type in all rows, missing where it is not known).

    Raises
    ------
    UsageError
        A column is missing, there are no rows, fewer than two variants, no such baseline, a value that has no
        logarithm, or two runs of one variant in one block.
    """
    for column in COLUMNS:
        if column not in frame:
            raise UsageError(f"Column {column!r} is missing", f"a comparison needs {', '.join(COLUMNS)}")
    if frame.empty:
        raise UsageError("There is nothing to compare", "no run is given")
    runs = frame.assign(block=frame["block"].astype(str), variant=frame["variant"].astype(str))
    runs = runs.assign(value=pd.to_numeric(frame["value"]).astype(float))
    if "order" not in runs:
        runs = runs.assign(order=None)
    _check_variants(runs, baseline)
    _check_values(runs)
    runs = runs.assign(place=runs["block"].map(natural)).sort_values(["place", "block", "variant"])
    return runs[[*COLUMNS, "order"]].reset_index(drop=True)


def natural(label: str) -> str:
    """A key that sorts `2` before `10`: every number of the label padded."""
    return re.sub(r"\d+", lambda digits: digits.group().zfill(20), label)


def pairs(runs: pd.DataFrame, baseline: str, variant: str, exclusions: Iterable[Exclusion] = ()) -> Pairs:
    """The differences of `variant` from `baseline` in checked `runs`, without what is excluded."""
    values = {name: _by_block(runs, name, "value") for name in (baseline, variant)}
    places = {name: _by_block(runs, name, "order") for name in (baseline, variant)}
    stated = {one for one in exclusions if one.variant in values}
    blocks = _sorted_blocks({*runs["block"], *(one.block for one in stated)})
    excluded = stated | set(_without_value(blocks, values, {(one.block, one.variant) for one in stated}))
    lost = {one.block for one in excluded}
    used = tuple(block for block in blocks if block not in lost)
    logs = [(math.log(values[baseline][block]), math.log(values[variant][block])) for block in used]
    _check_ratio(variant, used, [second - first for first, second in logs], values[variant])
    return Pairs(
        baseline=baseline,
        variant=variant,
        used=used,
        differences=tuple(second - first for first, second in logs),
        levels=tuple(first for first, _ in logs),
        variant_later=tuple(_is_later(places[baseline][block], places[variant][block]) for block in used),
        blocks=blocks,
        excluded=tuple(sorted(excluded, key=lambda one: (natural(one.block), one.block, one.variant, one.reason))),
    )


def _without_value(
    blocks: Iterable[str], values: Mapping[str, Mapping[str, float]], stated: Collection[tuple[str, str]]
) -> Iterator[Exclusion]:
    for block in blocks:
        for name, known in values.items():
            if math.isnan(known.get(block, math.nan)) and (block, name) not in stated:
                yield Exclusion(block, name, "no value")


def _sorted_blocks(blocks: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(blocks, key=lambda block: (natural(block), block)))


def _by_block(runs: pd.DataFrame, variant: str, column: str) -> dict[str, Any]:
    rows = runs[runs["variant"] == variant]
    return dict(zip(rows["block"], rows[column], strict=True))


def _is_later(baseline: Any, variant: Any) -> bool | None:
    return None if pd.isna(baseline) or pd.isna(variant) else bool(variant > baseline)


def _check_variants(runs: pd.DataFrame, baseline: str) -> None:
    names = sorted(set(runs["variant"]))
    if baseline not in names:
        raise UsageError(f"There is no baseline {baseline!r}", f"the variants are {', '.join(names)}")
    if len(names) < 2:
        raise UsageError("There is nothing to compare", f"{names[0]!r} is the only variant")
    twice = runs[runs.duplicated(["block", "variant"])]
    if len(twice):
        block, variant = twice.sort_values(["block", "variant"])[["block", "variant"]].iloc[0]
        raise UsageError(
            f"Variant {variant!r} has two runs in block {block}",
            "a block holds every variant once",
            "Number the blocks.",
        )


def _check_values(runs: pd.DataFrame) -> None:
    bad = runs[(runs["value"] <= 0) | (runs["value"].abs() == math.inf)]
    if len(bad):
        block, variant, value = bad.sort_values(["block", "variant"])[list(COLUMNS)].iloc[0]
        raise UsageError(
            f"The value {value:g} of {variant!r} in block {block} cannot be compared",
            "ratios need finite values above zero",
        )


def _check_ratio(
    variant: str, blocks: Sequence[str], differences: Sequence[float], values: Mapping[str, float]
) -> None:
    if differences and abs(math.fsum(differences) / len(differences)) > LARGEST:
        block, wide = max(zip(blocks, differences, strict=True), key=lambda one: abs(one[1]))
        why = f"its ratio to the baseline is about 1e{wide / math.log(10):+.0f}, and so is that of all blocks together"
        raise UsageError(f"The value {values[block]:g} of {variant!r} in block {block} cannot be compared", why)
