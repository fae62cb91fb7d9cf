"""Runs against runs of another time: figures without a verdict of their own, because a drift of the machine is in them.

Student's two-sample t on ln(metric) with one spread for both groups; of a single new run it is the prediction
interval of the recorded ones. Where both groups are single runs the spread is that of one run over all blocks of the
A/A experiment: runs of different times share no block, so what the runs of a block have in common must stay in it.
Source: Box, Hunter & Hunter, Statistics for Experimenters, ch. 3. Valid when all runs have the same spread and nothing
but the setting changed between the groups, which runs of different times can never show.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace
from scipy.special import stdtr, stdtrit

from rushlab.judge.comparison import MOST_EXCLUDED
from rushlab.judge.outcome import ALPHA
from rushlab.judge.paired import safe_exp
from rushlab.model.comparison import Comparison, Design, Exclusion, Outcome
from rushlab.model.experiment_result import Noise
from rushlab.model.metric import Better

NOT_INTERLEAVED = "the runs were not interleaved: a drift of the machine in between looks like an effect"


@dataclass(frozen=True, slots=True)
class Groups:
    """Values of one metric: the baseline's runs and the others, under their names; `excluded` have no value.

    A value of 0 is one, and the reason why there is no ratio.
    """

    baseline: str
    variant: str
    before: Sequence[float]
    after: Sequence[float]
    metric: str
    better: Better
    margin: float
    excluded: Sequence[Exclusion] = ()

    @property
    def sides(self) -> tuple[tuple[str, Sequence[float]], ...]:
        """Name and values of both."""
        return (self.baseline, self.before), (self.variant, self.after)

    @property
    def no_ratio(self) -> str | None:
        """Why there is no ratio, if there is none."""
        for name, values in self.sides:
            if not values:
                why = next((one.reason for one in self.excluded if one.variant == name), "it has no value")
                return f"no run of {name} has a value ({why})"
            if zeros := sum(value <= 0 for value in values):
                where = f"{zeros} of {len(values)} runs of {name}" if len(values) > 1 else name
                return f"{self.metric} is 0 in {where}, and there is no ratio of a zero"
        return None

    @property
    def no_verdict(self) -> str | None:
        """Why a ratio supports no verdict, if it does not: too many of the runs have no value."""
        for name, values in self.sides:
            lost = sum(one.variant == name for one in self.excluded)
            if lost > MOST_EXCLUDED * (lost + len(values)):
                share = f"{lost / (lost + len(values)) * 100:.3g} %"
                return f"{share} of the runs of {name} are excluded, more than {MOST_EXCLUDED * 100:.3g} %"
        return None


def compare_groups(groups: Groups, noise: Noise, *, judged: bool = False) -> Comparison:
    """Ratio and interval of two groups of runs; a verdict only where one is asked for (`judged`), with its caveat.

    `judged` is for a named baseline: worse (or better) when the interval excludes 1 and the ratio is beyond the margin.
    """
    base = _base(groups)
    if groups.no_ratio:
        return base
    logs = ([math.log(value) for value in groups.before], [math.log(value) for value in groups.after])
    mean = statistics.fmean(logs[1]) - statistics.fmean(logs[0])
    spread, freedom = _spread(logs, noise)
    if spread is None or freedom < 1:
        why = f"no spread is known: {noise.reason or 'there is one run of each'}"
        return replace(base, ratio=safe_exp(mean), reason=why)
    error = spread * math.sqrt(1 / len(logs[0]) + 1 / len(logs[1]))
    found = _with_figures(base, mean, error, freedom)
    if not _pooled(logs):
        found = replace(found, warnings=(*base.warnings, *_of_noise(noise)))
    return _judged(found, groups, mean) if judged and not groups.no_verdict else found


def _with_figures(base: Comparison, mean: float, error: float, freedom: float) -> Comparison:
    """Ratio, interval and both facts of a difference of logarithms with its standard error."""
    half = float(stdtrit(freedom, 1 - ALPHA / 2)) * error
    return replace(
        base,
        ratio=safe_exp(mean),
        interval=(safe_exp(mean - half), safe_exp(mean + half)),
        differs=abs(mean) > half,
        matters=abs(mean) > math.log1p(base.margin),
        p_t=float(2 * stdtr(freedom, -abs(mean) / error)) if error else None,
    )


def _judged(found: Comparison, groups: Groups, mean: float) -> Comparison:
    if not (found.differs and found.matters):
        lacking = "not shown to differ" if not found.differs else "differs, but not beyond the margin"
        return replace(found, verdict=Outcome.INCONCLUSIVE, reason=f"{lacking}: {(found.ratio or 1) - 1:+.1%}")
    worse = (mean > 0) == (groups.better == "lower")
    verdict = Outcome.WORSE if worse else Outcome.BETTER
    return replace(found, verdict=verdict, reason=f"{(found.ratio or 1) - 1:+.1%} against the recorded baseline")


def _spread(logs: tuple[Sequence[float], Sequence[float]], noise: Noise) -> tuple[float | None, float]:
    """Standard deviation of one run's ln(metric) and its degrees of freedom: pooled, or the A/A experiment's."""
    freedom = _pooled(logs)
    if freedom:
        squares = math.fsum((value - statistics.fmean(group)) ** 2 for group in logs for value in group)
        return math.sqrt(squares / freedom), freedom
    return noise.run_sd, noise.run_freedom


def _pooled(logs: tuple[Sequence[float], Sequence[float]]) -> int:
    """Degrees of freedom of the groups' own spread; 0 where they are too few to use it."""
    freedom = sum(len(group) - 1 for group in logs)
    return freedom if freedom >= 2 else 0


def _of_noise(noise: Noise) -> Iterator[str]:
    """What is against the spread of the A/A experiment, where that is used."""
    if not noise.same_load:
        yield f"the spread is that of another load: {noise.load}"
    if not noise.enough:
        yield f"exploratory: the spread rests on {noise.k} A/A blocks only (V12)"


def _base(groups: Groups) -> Comparison:
    return Comparison(
        variant=groups.variant,
        baseline=groups.baseline,
        verdict=None,
        reason=groups.no_ratio or groups.no_verdict or NOT_INTERLEAVED,
        differs=None,
        matters=None,
        ratio=None,
        interval=None,
        k=min(len(groups.before), len(groups.after)),
        margin=groups.margin,
        p=None,
        p_reason="runs that were not interleaved have no exact test",
        resolution=None,
        blocks_needed=None,
        design=Design.NOT_INTERLEAVED,
        metric=groups.metric,
        better=groups.better,
        warnings=(NOT_INTERLEAVED,),
        excluded=tuple(groups.excluded),
    )
