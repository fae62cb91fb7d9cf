"""What a comparison of variants says: a verdict with the facts, the figures and the design it rests on."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from rushlab.model.metric import Better


class Outcome(StrEnum):
    """How a variant stands to its baseline."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"


class Design(StrEnum):
    """In which order the runs were made, as far as it is recorded."""

    RANDOMISED = "randomised blocks"
    UNKNOWN = "order unknown"
    NOT_INTERLEAVED = "not interleaved"
    FIXED = "same order in every block"


class Exclusion(Struct, frozen=True):
    """A run that does not count, and why."""

    block: str
    variant: str
    reason: str


class Comparison(Struct, frozen=True, kw_only=True):
    """One variant against the baseline, paired over `k` blocks.

    `ratio` is variant / baseline, `interval` its 95 % interval. `differs`: the interval excludes 1; `matters`:
    the ratio is beyond `margin` (0.10: outside 1/1.1 … 1.1). `p` is the exact sign-flip p, `p_t` that of the
    paired t-test behind the interval, `p_adjusted` the latter after Holm over what was declared.
    `resolution` is the smallest change that `k` blocks see with 80 % power (0.2: 20 %), `blocks_needed` the
    blocks that a change of `margin` needs. None = cannot be said; `reason` and `p_reason` say why.
    """

    variant: str
    baseline: str
    verdict: Outcome | None
    reason: str
    differs: bool | None
    matters: bool | None
    ratio: float | None
    interval: tuple[float, float] | None
    k: int
    margin: float
    p: float | None
    resolution: float | None
    blocks_needed: int | None
    design: Design
    metric: str = "value"
    better: Better = "lower"
    declared: bool = True
    p_reason: str | None = None
    p_t: float | None = None
    p_adjusted: float | None = None
    equivalence_interval: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
