"""Which arms are not dominated in two metrics (time and cost), said only as far as the intervals say it.

An arm dominates another when it is shown to be less in one metric and shown to be not more than the margin above it
in the other. An arm is on the front when it is shown to be less than every other arm in one of the metrics at least.
Everything else cannot be told. All intervals are paired over blocks, and each is so wide that all of them together
hold with 95 % (Bonferroni), since every arm is held against every other twice. What stops a comparison stops these too:
an order that is none, too few blocks, or too many that are lost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from rushlab.judge.comparison import MOST_EXCLUDED
from rushlab.judge.design import examine
from rushlab.judge.experiment import question, usable
from rushlab.judge.outcome import ALPHA
from rushlab.judge.paired import Paired, paired
from rushlab.judge.pairs import checked
from rushlab.judge.power import LEAST_BLOCKS
from rushlab.model.experiment_result import ArmResult, MeasuredRun
from rushlab.model.plan import Plan
from rushlab.model.sweep import Front, Position, Standing

#: What a user waits for against what a request costs; of both less is better.
METRICS = ("accept_p95_ms", "cpu_ms_per_request")
#: Arms that make a front.
FEWEST_ARMS = 3

Bounds = tuple[float, float]
Logs = Mapping[str, Mapping[int, float]]


@dataclass(frozen=True, slots=True)
class _Pairing:
    """ln(arm / other) of both metrics over the blocks that have both, each with its simultaneous interval."""

    bounds: tuple[Bounds | None, Bounds | None]

    def shown_dominated(self, margin: float) -> bool:
        if None in self.bounds:
            return False
        lows = [bounds[0] for bounds in self.bounds if bounds]
        return max(lows) > 0 and min(lows) > -math.log1p(margin)

    @property
    def shown_less(self) -> bool:
        """In one metric at least: the other does not dominate it."""
        return any(bounds is not None and bounds[1] < 0 for bounds in self.bounds)


def front(plan: Plan, arms: Sequence[ArmResult], runs: Sequence[MeasuredRun]) -> Front | None:
    """The Pareto front of accept p95 and CPU per request; None for fewer than three arms or the same one twice."""
    if plan.a_a or len(plan.arms) < FEWEST_ARMS:
        return None
    logs, blocks = tuple(_logs(runs, metric) for metric in METRICS), len({run.block for run in runs})
    outside = _outside(plan, arms, runs, logs, blocks)
    inside = [arm.name for arm in arms if arm.name not in outside]
    claims = len(inside) * (len(inside) - 1)  # half as many pairs, two metrics each
    confidence = 1 - ALPHA / max(1, claims)
    pairings = {
        (one, other): _Pairing(
            (_bounds(logs[0], one, other, confidence, blocks), _bounds(logs[1], one, other, confidence, blocks))
        )
        for one, other in permutations(inside, 2)
    }
    positions = tuple(_position(plan, arm, outside, pairings, logs) for arm in arms)
    return Front(metrics=METRICS, margin=plan.goal.margin, confidence=confidence, claims=claims, positions=positions)


def _outside(
    plan: Plan, arms: Sequence[ArmResult], runs: Sequence[MeasuredRun], logs: Sequence[Logs], blocks: int
) -> dict[str, str]:
    """The arms that are held against nothing, each with the reason; an arm that is left alone is one of them."""
    asked = question(plan, runs, METRICS[0])
    stopped = examine(checked(asked.runs, asked.baseline)).reason
    found = {arm.name: why for arm in arms if (why := arm.bar or stopped or _lacking(arm.name, logs, blocks))}
    if len(alone := [arm.name for arm in arms if arm.name not in found]) == 1:
        found[alone[0]] = "every other arm is outside, so that it is held against nothing"
    return found


def _lacking(arm: str, logs: Sequence[Logs], blocks: int) -> str | None:
    """The metric that an arm has in too few of the blocks; None when it has both in enough."""
    for metric, known in zip(METRICS, logs, strict=True):
        k = len(known.get(arm, {}))
        if k < LEAST_BLOCKS:
            return f"{metric} is known in {k} blocks, {LEAST_BLOCKS} are needed"
        if not _enough(k, blocks):
            return f"{metric} is known in {k} of {blocks} blocks: more than {MOST_EXCLUDED * 100:.0f} % are lost"
    return None


def _enough(k: int, blocks: int) -> bool:
    return k >= LEAST_BLOCKS and 1 - k / blocks <= MOST_EXCLUDED


def _position(
    plan: Plan,
    arm: ArmResult,
    outside: Mapping[str, str],
    pairings: Mapping[tuple[str, str], _Pairing],
    logs: Sequence[Logs],
) -> Position:
    others = [other for one, other in pairings if one == arm.name]
    beaten = tuple(other for other in others if pairings[arm.name, other].shown_dominated(plan.goal.margin))
    unclear = tuple(other for other in others if other not in beaten and not pairings[arm.name, other].shown_less)
    estimates = [_estimate(known, arm.name, plan.baseline.name) for known in logs]
    return Position(
        arm=arm.name,
        standing=_standing(arm.name not in outside, beaten, unclear),
        typical=(arm.typical.get(METRICS[0]), arm.typical.get(METRICS[1])),
        ratios=(_ratio(estimates[0]), _ratio(estimates[1])),
        intervals=(_interval(estimates[0]), _interval(estimates[1])),
        beaten_by=beaten,
        undecided=unclear,
        reason=outside.get(arm.name, ""),
    )


def _standing(inside: bool, beaten: Sequence[str], unclear: Sequence[str]) -> Standing:
    if not inside:
        return Standing.OUTSIDE
    if beaten:
        return Standing.DOMINATED
    return Standing.OPEN if unclear else Standing.FRONT


def _logs(runs: Sequence[MeasuredRun], metric: str) -> dict[str, dict[int, float]]:
    """ln of the metric by arm and block, of the runs that count."""
    found: dict[str, dict[int, float]] = {}
    for run in runs:
        if not math.isnan(value := usable(run, metric)):
            found.setdefault(run.arm, {})[run.block] = math.log(value)
    return found


def _estimate(known: Logs, arm: str, other: str) -> Paired | None:
    mine, theirs = known.get(arm, {}), known.get(other, {})
    both = sorted(mine.keys() & theirs.keys())
    return paired([mine[block] - theirs[block] for block in both]) if both else None


def _bounds(known: Logs, arm: str, other: str, confidence: float, blocks: int) -> Bounds | None:
    estimate = _estimate(known, arm, other)
    return estimate.bounds(confidence) if estimate and _enough(estimate.k, blocks) else None


def _ratio(estimate: Paired | None) -> float | None:
    return None if estimate is None else estimate.ratio


def _interval(estimate: Paired | None) -> Bounds | None:
    return None if estimate is None else estimate.interval()
