"""What a sweep over knobs says beyond its arms: effects of the knobs, and which arms cost and delay least."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from rushlab.model.comparison import Comparison
from rushlab.model.variant import KnobValue

EffectKind = Literal["main", "interaction"]


class Effect(Struct, frozen=True, kw_only=True):
    """What knobs do by themselves (main) or only together (interaction), as a ratio over the blocks.

    `knobs` go from `before` to `after`. A main effect is the ratio after / before, averaged (geometric mean) over
    every setting of the other knobs. An interaction is a ratio of ratios: what the first knob brings with the second
    one changed, by what it brings without; 1 = the knobs act independently of each other. `arms` are those that
    each side averages. `comparison` has ratio, interval and verdict; of an interaction, "better" says that the
    knobs help each other.
    """

    kind: EffectKind
    knobs: tuple[str, ...]
    before: tuple[KnobValue, ...]
    after: tuple[KnobValue, ...]
    arms: int
    comparison: Comparison


class Standing(StrEnum):
    """Where an arm stands to the Pareto front of two metrics."""

    FRONT = "on the front"
    DOMINATED = "dominated"
    OPEN = "cannot tell"
    OUTSIDE = "outside"


class Position(Struct, frozen=True, kw_only=True):
    """One arm against all others in two metrics.

    `ratios` and `intervals` (95 %) are against the baseline, metric by metric; None = not known. `beaten_by` names
    the arms that dominate it, `undecided` those of which it cannot be told. `reason` says why it stands outside.
    """

    arm: str
    standing: Standing
    typical: tuple[float | None, float | None]
    ratios: tuple[float | None, float | None]
    intervals: tuple[tuple[float, float] | None, tuple[float, float] | None]
    beaten_by: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    reason: str = ""


class Front(Struct, frozen=True, kw_only=True):
    """The Pareto front of two metrics, of both of which less is better.

    `confidence` is that of each single interval, so that all `claims` together hold with 95 %.
    """

    metrics: tuple[str, str]
    margin: float
    confidence: float
    claims: int
    positions: tuple[Position, ...]
