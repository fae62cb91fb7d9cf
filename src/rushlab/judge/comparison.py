"""Which variant is better: paired over randomised blocks, with the run as the unit.

Per run y = ln(metric); per block d = y(variant) − y(baseline); ratio exp(mean d) with its t interval. "Differs"
and "matters" are two facts; a verdict needs both, or equivalence. Requests of one run are no independent samples:
testing them as if they were gives 65 to 70 % false alarms at 2,000 requests a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from msgspec.structs import replace

from rushlab.judge import order_effect, reasons
from rushlab.judge.design import Order, examine
from rushlab.judge.equivalence import CONFIDENCE, matters
from rushlab.judge.holm import holm
from rushlab.judge.outcome import ALPHA, differs, outcome
from rushlab.judge.paired import Paired, paired
from rushlab.judge.pairs import Pairs, checked, pairs
from rushlab.judge.power import LEAST_BLOCKS, blocks_needed, smallest_change
from rushlab.judge.sign_flip import LEAST_BLOCKS as SIGN_FLIP_BLOCKS
from rushlab.judge.sign_flip import sign_flip_p, smallest_attainable
from rushlab.model.comparison import Comparison, Design, Exclusion
from rushlab.model.errors import UsageError
from rushlab.model.metric import Better
from rushlab.model.plan import MARGIN

#: Convention: the share of blocks that may be excluded before the experiment fails.
MOST_EXCLUDED = 0.20


@dataclass(frozen=True, slots=True)
class Question:
    """One metric of an experiment: its runs, the direction that is wanted, the smallest change that matters.

    `runs` has one row per run: block, variant, value (> 0), optionally order (see `judge.pairs.checked` and
    `judge.design.examine`). `declared` names the variants that the plan declared for this metric, None all; the
    others are exploratory and stand outside Holm's correction. `exclusions` are runs left out, with reasons.

    Raises
    ------
    UsageError
        The margin is not above 0 and at most 1, or the direction is not lower or higher.
    """

    runs: pd.DataFrame
    baseline: str
    metric: str = "value"
    better: Better = "lower"
    margin: float = MARGIN
    declared: Collection[str] | None = None
    exclusions: Sequence[Exclusion] = ()

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 1:
            raise UsageError(f"Margin {self.margin:g} is none", "a margin is a share above 0, at most 1 (0.1 is 10 %)")
        if self.better not in ("lower", "higher"):
            raise UsageError(f"Direction {self.better!r} is not known", "better is lower or higher")


@dataclass(frozen=True, slots=True)
class Pair:
    """One variant (or contrast) of one question before the family is known."""

    question: Question
    pairs: Pairs
    order: Order
    estimate: Paired | None

    @property
    def declared(self) -> bool:
        return self.question.declared is None or self.pairs.variant in self.question.declared

    @property
    def refusal(self) -> str | None:
        """Why there is no verdict, if there is none."""
        if self.order.reason:
            return self.order.reason
        if self.pairs.share_excluded > MOST_EXCLUDED:
            return reasons.too_many_excluded(self.pairs.share_excluded, MOST_EXCLUDED)
        k = len(self.pairs.used)
        return reasons.too_few(k, LEAST_BLOCKS) if k < LEAST_BLOCKS else None

    @property
    def p_t(self) -> float:
        """The p that enters Holm's correction: 1 for what was declared and cannot be judged."""
        return 1.0 if self.refusal or self.estimate is None else self.estimate.p_t or 0.0


def compare(question: Question) -> tuple[Comparison, ...]:
    """Every variant of `question` against its baseline, by name.

    Raises
    ------
    UsageError
        The runs cannot be compared; see `judge.pairs.checked` and `judge.design.examine`.
    """
    return compare_all([question])


def compare_all(questions: Iterable[Question]) -> tuple[Comparison, ...]:
    """Several metrics of one experiment, one after the other; Holm's correction spans all that was declared."""
    return settled([pair for question in questions for pair in _pairs(question)])


def settled(found: Sequence[Pair]) -> tuple[Comparison, ...]:
    """The comparisons of pairs that make up one family: Holm's correction spans those of them that were declared."""
    family = [place for place, pair in enumerate(found) if pair.declared]
    adjusted = dict(zip(family, holm([found[place].p_t for place in family]), strict=True))
    return tuple(_comparison(pair, adjusted.get(place), len(family)) for place, pair in enumerate(found))


def _pairs(question: Question) -> list[Pair]:
    runs = checked(question.runs, question.baseline)
    order = examine(runs)
    variants = sorted(set(runs["variant"]) - {question.baseline})
    found = [pairs(runs, question.baseline, variant, question.exclusions) for variant in variants]
    return [Pair(question, one, order, paired(one.differences) if one.used else None) for one in found]


def _comparison(pair: Pair, adjusted: float | None, family: int) -> Comparison:
    question, estimate = pair.question, pair.estimate
    base = Comparison(
        variant=pair.pairs.variant,
        baseline=pair.pairs.baseline,
        verdict=None,
        reason=pair.refusal or "",
        differs=None,
        matters=None,
        ratio=None if estimate is None else estimate.ratio,
        interval=None,
        k=len(pair.pairs.used),
        margin=question.margin,
        p=None,
        resolution=None,
        blocks_needed=None,
        design=pair.order.design,
        metric=question.metric,
        better=question.better,
        declared=pair.declared,
        p_reason=pair.order.reason,
        warnings=_warnings(pair),
        excluded=pair.pairs.excluded,
    )
    if estimate is None or pair.order.reason:
        return base
    return _with_verdict(_with_figures(base, pair.pairs, estimate), estimate, adjusted, family)


def _with_figures(base: Comparison, pairs: Pairs, estimate: Paired) -> Comparison:
    k, sd, p_t = estimate.k, estimate.sd, estimate.p_t
    tested = k >= SIGN_FLIP_BLOCKS
    least = (
        f"with {k} {'block' if k == 1 else 'blocks'} the smallest attainable p is 2/2^{k} = {smallest_attainable(k):g}"
    )
    return replace(
        base,
        differs=differs(estimate),
        matters=matters(estimate, base.margin),
        interval=estimate.interval(),
        equivalence_interval=estimate.interval(CONFIDENCE),
        p=sign_flip_p(pairs.differences) if tested else None,
        p_reason=None if tested else least,
        p_t=p_t,
        resolution=None if sd is None else smallest_change(sd, k),
        blocks_needed=None if sd is None else blocks_needed(base.margin, sd),
    )


def _with_verdict(base: Comparison, estimate: Paired, adjusted: float | None, family: int) -> Comparison:
    if base.reason:
        return base
    stands = adjusted is None or adjusted < ALPHA
    reached = outcome(estimate, base.margin, base.better, stands=stands)
    reason = reasons.of(reached, estimate, base.margin, stands=stands, family=family)
    exploratory = "" if base.declared else "; exploratory, as the plan did not declare it"
    return replace(base, verdict=reached, reason=reason + exploratory, p_adjusted=adjusted)


def _warnings(pair: Pair) -> tuple[str, ...]:
    k, estimate = len(pair.pairs.used), pair.estimate
    said = [pair.order.warning] if pair.order.warning else []
    if pair.order.design is Design.UNKNOWN and not said:
        said.append("the order of the runs is not recorded: that they were interleaved at random is taken on trust")
    if LEAST_BLOCKS <= k < SIGN_FLIP_BLOCKS:
        said.append(f"screening: {k} blocks are fewer than {SIGN_FLIP_BLOCKS}")
    if estimate is not None and estimate.sd == 0:
        said.append("the ratio is the same in every block, as in figures that were rounded or copied")
    return (*said, *order_effect.warnings(pair.pairs, pair.question.margin))
