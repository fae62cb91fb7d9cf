"""An experiment judged: which runs count, every variant against the baseline, who is outside the ranking, and why."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd
from msgspec.structs import replace

from rushlab.judge.comparison import Question, compare_all
from rushlab.judge.shift import shift
from rushlab.model.comparison import Comparison, Exclusion, Outcome
from rushlab.model.experiment_result import ArmResult, MeasuredRun, Shift
from rushlab.model.metric import METRICS
from rushlab.model.plan import Arm, Plan


def comparisons(plan: Plan, runs: Sequence[MeasuredRun]) -> tuple[Comparison, ...]:
    """Every variant against the baseline, the plan's metric first; what was not declared is exploratory.

    A variant that broke an invariant gets no verdict, nor does anything beside a baseline that did.
    """
    wrong = {run.arm: run.wrong for run in runs if run.wrong}
    asked = [
        question(plan, part, metric, baseline=name)
        for metric in plan.metrics
        for name, part in _parts(plan, runs, metric)
    ]
    found = compare_all(asked)
    order = {name: place for place, name in enumerate(arm.name for arm in plan.arms)}
    listed = sorted(found, key=lambda one: (plan.metrics.index(one.metric), order[one.variant]))
    return tuple(without_the_wrong(one, wrong) for one in listed)


def arm_results(plan: Plan, runs: Sequence[MeasuredRun]) -> tuple[ArmResult, ...]:
    """Each arm over the blocks that count."""
    return tuple(_arm_result(plan, arm, [run for run in runs if run.arm == arm.name]) for arm in plan.arms)


def shifts(plan: Plan, runs: Sequence[MeasuredRun]) -> tuple[Shift, ...]:
    """Each percentile of the accept times against the baseline's, paired over the blocks; exploratory by nature.

    Where the whole distribution moves, all percentiles shift alike; where a queue forms, the upper ones move more.
    """
    rows = [
        {"block": run.block, "variant": run.arm, "quantile": int(name.removeprefix("p")) / 100, "value": value}
        for run in runs
        if run.objection is None
        for name, value in run.quantiles.items()
        if value > 0
    ]
    return tuple(one for arm in plan.variants for one in _shifts(pd.DataFrame(rows), arm, plan.baseline.name))


def _shifts(frame: pd.DataFrame, arm: Arm, first: str) -> Iterator[Shift]:
    baseline = arm.against or first
    if frame.empty or not {arm.name, baseline} <= set(frame["variant"]):
        return
    for one in shift(frame, baseline, arm.name):
        if one.ratio is not None:
            percent = round(one.quantile * 100)
            yield Shift(
                variant=arm.name, baseline=baseline, percent=percent, ratio=one.ratio, interval=one.interval, k=one.k
            )


def ranking(arms: Sequence[ArmResult], found: Iterable[Comparison], metric: str) -> tuple[str, ...]:
    """Variants that are better than the baseline (the first of the arms) and barred by nothing, best first."""
    barred = {arm.name for arm in arms if arm.bar}
    better = [
        one
        for one in found
        if one.metric == metric
        and one.baseline == arms[0].name
        and one.declared
        and one.verdict is Outcome.BETTER
        and one.variant not in barred
    ]
    return tuple(one.variant for one in sorted(better, key=lambda one: abs(math.log(one.ratio or 1)), reverse=True))


def noise_sd(runs: Sequence[MeasuredRun], metric: str) -> tuple[float | None, int]:
    """Spread of a block's difference of ln(metric) between equal arms, and the number of blocks it rests on.

    With more than two arms: √2 times the spread of one run within its block (pooled over blocks, arms − 1 degrees
    of freedom each), which for two arms that differ by chance alone estimates the same.
    """
    whole = _logs_by_block(runs, metric)
    if len(whole) < 2:
        return None, len(whole)
    squares, freedom = _within(whole)
    return math.sqrt(2 * squares / freedom), len(whole)


def run_spread(runs: Sequence[MeasuredRun], metric: str) -> tuple[float | None, float]:
    """Spread of one run's ln(metric) between equal arms over all blocks, and its degrees of freedom.

    What the runs of a block share is in it, as it is between runs of different times: the variance of the blocks'
    means, and that share of the variance within blocks which a mean takes away. Degrees of freedom by Satterthwaite
    (Box, Hunter & Hunter, ch. 9: variance components): they are few where blocks differ most, as there are few blocks.
    """
    whole = _logs_by_block(runs, metric)
    if len(whole) < 2:
        return None, 0.0
    squares, freedom = _within(whole)
    between = statistics.variance(statistics.fmean(values) for values in whole)
    within = squares / freedom * (1 - statistics.fmean(1 / len(values) for values in whole))
    weighed = between**2 / (len(whole) - 1) + within**2 / freedom
    return math.sqrt(between + within), (between + within) ** 2 / weighed if weighed else float(freedom)


def _logs_by_block(runs: Sequence[MeasuredRun], metric: str) -> list[list[float]]:
    """ln(metric) of the runs that count, block by block; blocks with one such run are left out."""
    blocks: dict[int, list[float]] = {}
    for run in runs:
        value = usable(run, metric)
        if not math.isnan(value):
            blocks.setdefault(run.block, []).append(math.log(value))
    return [values for values in blocks.values() if len(values) >= 2]


def _within(blocks: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Sum of squares around the blocks' means, and its degrees of freedom."""
    squares = math.fsum((value - statistics.fmean(values)) ** 2 for values in blocks for value in values)
    return squares, sum(len(values) - 1 for values in blocks)


def question(plan: Plan, runs: Sequence[MeasuredRun], metric: str, *, baseline: str | None = None) -> Question:
    """What is asked of `runs` by one metric; against the plan's baseline unless another arm is named."""
    primary = metric == plan.goal.metric
    rows = [
        {"block": run.block, "variant": run.arm, "order": run.position, "value": usable(run, metric)} for run in runs
    ]
    return Question(
        runs=pd.DataFrame(rows),
        baseline=baseline or plan.baseline.name,
        metric=metric,
        better=plan.goal.better if primary else METRICS[metric].better,
        margin=plan.goal.margin,
        declared=plan.judged_by(metric),
        exclusions=tuple(exclusions(runs, metric)),
    )


def usable(run: MeasuredRun, metric: str) -> float:
    """The metric of a run that counts, NaN of one that does not or has none above 0."""
    value = run.values.get(metric)
    return math.nan if run.objection or value is None or value <= 0 else value


def exclusions(runs: Iterable[MeasuredRun], metric: str) -> Iterator[Exclusion]:
    """The runs that do not count for a metric, each with its reason."""
    for run in runs:
        if math.isnan(usable(run, metric)):
            yield Exclusion(str(run.block), run.arm, run.objection or _why_unusable(run, metric))


def _why_unusable(run: MeasuredRun, metric: str) -> str:
    if run.values.get(metric) is None:
        return f"{metric}: {run.reasons.get(metric, 'it has no value')}"
    return f"{metric} is 0, of which there is no ratio"


def _parts(plan: Plan, runs: Sequence[MeasuredRun], metric: str) -> Iterator[tuple[str, list[MeasuredRun]]]:
    """Each arm that others are held against, with its runs and theirs.

    The primary metric is always asked, and whatever was declared, though no run has a value: it counts in the family.
    The others are asked when some run of it and of a variant has a value.
    """
    for name in (arm.name for arm in plan.arms):
        held = plan.held_against(name)
        part = [run for run in runs if run.arm == name or run.arm in held]
        known = {run.arm for run in part if not math.isnan(usable(run, metric))}
        fixed = metric == plan.goal.metric or not set(held).isdisjoint(plan.judged_by(metric))
        if held and part and (fixed or (name in known and len(known) > 1)):
            yield name, part


def without_the_wrong(found: Comparison, wrong: dict[str, tuple[str, ...]]) -> Comparison:
    """`found` without its verdict where one of its arms is in `wrong`: arm → the invariants that failed in it."""
    for arm in (found.variant, found.baseline):
        if arm in wrong:
            why = f"{', '.join(wrong[arm])} failed in {arm!r}: faster but wrong is never ranked"
            return replace(found, verdict=None, reason=why)
    return found


def _arm_result(plan: Plan, arm: Arm, runs: Sequence[MeasuredRun]) -> ArmResult:
    used = [run for run in runs if run.objection is None]
    wrong = sorted({invariant for run in runs for invariant in run.wrong})
    backlogs = [run.backlog for run in used if run.backlog is not None]
    return ArmResult(
        name=arm.name,
        variant=arm.variant.name,
        knobs=arm.variant.settings,
        changes={
            knob: value for knob, value in arm.variant.settings.items() if value != plan.baseline.variant.settings[knob]
        },
        section=arm.section,
        note=arm.note,
        metric=arm.metric or plan.goal.metric,
        k=len(used),
        typical={metric: typical(used, metric) for metric in METRICS},
        counts=_summed(runs),
        backlog=max(backlogs) if backlogs else None,
        red=bool(wrong),
        bar=f"{', '.join(wrong)} failed" if wrong else _unmet(plan, used),
        trap=arm.trap,
    )


def typical(runs: Sequence[MeasuredRun], metric: str) -> float | None:
    """Geometric mean of runs that count, as ratios need it; the arithmetic one where a value is 0, None without one."""
    values = [value for run in runs if (value := run.values.get(metric)) is not None]
    if not values or len(values) < len(runs):
        return None
    return statistics.geometric_mean(values) if min(values) > 0 else statistics.fmean(values)


def _summed(runs: Sequence[MeasuredRun]) -> dict[str, int | None]:
    names = dict.fromkeys(name for run in runs for name in run.counts)
    return {name: _sum([run.counts.get(name) for run in runs if run.counts]) for name in names}


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _unmet(plan: Plan, runs: Sequence[MeasuredRun]) -> str | None:
    """The first constraint of the plan that a run of this arm does not meet, or cannot be shown to meet."""
    for limit in plan.limits:
        for run in runs:
            value = run.values.get(limit.metric)
            if value is None:
                return f"{limit} cannot be decided in block {run.block}: {run.reasons.get(limit.metric, 'unknown')}"
            if not limit.holds(value):
                return f"{limit} is not met in block {run.block}: {value:.4g}"
    return None
