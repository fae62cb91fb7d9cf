"""Effects of crossed knobs: what each does by itself, and what two do only together.

Each effect is a contrast of ln(metric) within a block: the mean over some arms minus the mean over others. One such
difference per block goes through the same machinery as a comparison of two arms (`judge.paired`), so an interval
holds whatever the runs of a block have in common. Source: Box, Hunter & Hunter, Statistics for Experimenters, ch. 5
(factorial designs at two levels; more levels are each held against the baseline's).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as again
from itertools import combinations, product

from msgspec.structs import replace

from rushlab.judge.comparison import Pair, settled
from rushlab.judge.design import examine
from rushlab.judge.experiment import exclusions, question, usable
from rushlab.judge.paired import paired
from rushlab.judge.pairs import Pairs, checked, natural
from rushlab.model.comparison import Comparison, Exclusion
from rushlab.model.experiment_result import MeasuredRun
from rushlab.model.plan import Arm, Plan
from rushlab.model.sweep import Effect, EffectKind
from rushlab.model.variant import KnobValue

Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Contrast:
    """`scale` × (mean ln over the arms `plus` − mean ln over the arms `minus`), which are disjoint and as many."""

    kind: EffectKind
    knobs: tuple[str, ...]
    before: tuple[KnobValue, ...]
    after: tuple[KnobValue, ...]
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    scale: float = 1.0

    @property
    def arms(self) -> tuple[str, ...]:
        return (*self.plus, *self.minus)

    def name(self, values: Sequence[KnobValue]) -> str:
        """`pool_size=20 × outbox=grouped`."""
        return " × ".join(f"{knob}={value}" for knob, value in zip(self.knobs, values, strict=True))


def effects(plan: Plan, runs: Sequence[MeasuredRun]) -> tuple[Effect, ...]:
    """Main effects and interactions of the plan's crossed knobs, its metric first; empty without crossed knobs.

    Those of the plan's metric are one family for Holm's correction, all others are exploratory. A block that lacks
    a run of one of its arms is lost for an effect. An effect that rests on an arm in which an invariant failed has
    no verdict.
    """
    found = contrasts(plan)
    if not found or not runs:
        return ()
    wrong = {run.arm: run.wrong for run in runs if run.wrong}
    asked = [(contrast, pair) for metric in plan.metrics for contrast, pair in _asked(plan, runs, metric, found)]
    judged = settled([pair for _, pair in asked])
    return tuple(_effect(contrast, one, wrong) for (contrast, _), one in zip(asked, judged, strict=True))


def contrasts(plan: Plan) -> tuple[Contrast, ...]:
    """Every effect that the plan's crossing lets estimate.

    One knob at a time (or in a half fraction) there are main effects only: interactions need every combination.
    """
    cells = dict(_cells(plan))
    main = [one for place, factor in enumerate(plan.factors) for one in _mains(plan, cells, place, factor.values)]
    if plan.crossing != "full":
        return tuple(main)
    pairs = combinations(range(len(plan.factors)), 2)
    return (*main, *(one for first, second in pairs for one in _interactions(plan, cells, first, second)))


def _cells(plan: Plan) -> Iterator[tuple[tuple[KnobValue, ...], str]]:
    """The arms of the crossing by their values of the factors; a variant that was named beside it is none of them."""
    knobs = [factor.knob for factor in plan.factors]
    for arm in plan.arms:
        if _others(arm, knobs) == _others(plan.baseline, knobs) and _crossed(plan, arm):
            yield tuple(arm.variant[knob] for knob in knobs), arm.name


def _crossed(plan: Plan, arm: Arm) -> bool:
    """Whether the crossing makes this combination: of its own values, and of as many changes as it allows."""
    before = plan.baseline.variant
    changed = [factor for factor in plan.factors if arm.variant[factor.knob] != before[factor.knob]]
    if any(arm.variant[factor.knob] not in factor.values for factor in changed):
        return False
    if plan.crossing == "one-factor":
        return len(changed) <= 1
    return plan.crossing == "full" or len(changed) % 2 == 0  # the half fraction: an even number of knobs is changed


def _others(arm: Arm, knobs: Sequence[str]) -> dict[str, KnobValue]:
    return {knob: value for knob, value in arm.variant.settings.items() if knob not in knobs}


def _mains(
    plan: Plan, cells: Mapping[tuple[KnobValue, ...], str], place: int, values: Sequence[KnobValue]
) -> Iterator[Contrast]:
    knob = plan.factors[place].knob
    before = plan.baseline.variant[knob]
    for after in values:
        plus, minus = (_arms_with(cells, {place: value}) for value in (after, before))
        if plan.crossing == "one-factor":
            minus = (plan.baseline.name,)
        if plus and minus:
            yield Contrast("main", (knob,), (before,), (after,), plus, minus)


def _interactions(
    plan: Plan, cells: Mapping[tuple[KnobValue, ...], str], first: int, second: int
) -> Iterator[Contrast]:
    one, two = plan.factors[first], plan.factors[second]
    before = (plan.baseline.variant[one.knob], plan.baseline.variant[two.knob])
    for after in product(one.values, two.values):
        both, neither, alone, other = (
            _arms_with(cells, {first: a, second: b})
            for a, b in (after, before, (after[0], before[1]), (before[0], after[1]))
        )
        yield Contrast(
            "interaction", (one.knob, two.knob), before, after, (*both, *neither), (*alone, *other), scale=2.0
        )


def _arms_with(cells: Mapping[tuple[KnobValue, ...], str], wanted: Mapping[int, KnobValue]) -> tuple[str, ...]:
    return tuple(name for cell, name in cells.items() if all(cell[place] == value for place, value in wanted.items()))


def _asked(
    plan: Plan, runs: Sequence[MeasuredRun], metric: str, found: Iterable[Contrast]
) -> Iterator[tuple[Contrast, Pair]]:
    """Each contrast by one metric; by another than the plan's only where some run has it."""
    asked = question(plan, runs, metric)
    primary = metric == plan.goal.metric
    if not primary and asked.runs["value"].isna().all():
        return
    order = examine(checked(asked.runs, asked.baseline))
    asked = again(asked, declared=None if primary else ())
    values, left_out = _values(runs, metric), tuple(exclusions(runs, metric))
    for contrast in found:
        pairs = _pairs(contrast, values, left_out)
        yield contrast, Pair(asked, pairs, order, paired(pairs.differences) if pairs.used else None)


def _values(runs: Iterable[MeasuredRun], metric: str) -> dict[str, dict[str, float]]:
    """ln of the metric by block and arm, without the runs that do not count."""
    found: dict[str, dict[str, float]] = {}
    for run in runs:
        value = usable(run, metric)
        found.setdefault(str(run.block), {}).update({} if math.isnan(value) else {run.arm: math.log(value)})
    return dict(sorted(found.items(), key=lambda item: natural(item[0])))


def _pairs(contrast: Contrast, values: Values, left_out: Iterable[Exclusion]) -> Pairs:
    """The contrast's difference in every block that has all of its arms."""
    used = tuple(block for block, known in values.items() if set(contrast.arms) <= known.keys())
    sides = [(_mean(values[block], contrast.plus), _mean(values[block], contrast.minus)) for block in used]
    return Pairs(
        baseline=contrast.name(contrast.before),
        variant=contrast.name(contrast.after),
        used=used,
        differences=tuple(contrast.scale * (plus - minus) for plus, minus in sides),
        levels=tuple(minus for _, minus in sides),
        variant_later=(None,) * len(used),
        blocks=tuple(values),
        excluded=tuple(one for one in left_out if one.variant in contrast.arms),
    )


def _mean(known: Mapping[str, float], arms: Sequence[str]) -> float:
    return math.fsum(known[arm] for arm in arms) / len(arms)


def _effect(contrast: Contrast, found: Comparison, wrong: Mapping[str, tuple[str, ...]]) -> Effect:
    broken = [arm for arm in contrast.arms if arm in wrong]
    if broken:
        why = f"{', '.join(wrong[broken[0]])} failed in {broken[0]!r}, on which it rests"
        found = replace(found, verdict=None, reason=why)
    return Effect(
        kind=contrast.kind,
        knobs=contrast.knobs,
        before=contrast.before,
        after=contrast.after,
        arms=len(contrast.plus),
        comparison=found,
    )
