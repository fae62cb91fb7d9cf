"""Sweeps without a stack: a plan of crossed knobs, and simulated runs of it in their drawn order."""

from __future__ import annotations

import math

import numpy as np

from rushlab.judge.design import draw
from rushlab.model.experiment_result import MeasuredRun
from rushlab.model.plan import Arm, Factor, Goal, Operating, Plan
from rushlab.model.profile import Profile, Stage
from rushlab.model.variant import Variant

STEADY = Profile(
    name="steady",
    title="steady",
    purpose="a load that is held",
    executor="ramping-vus",
    pause_s=1.0,
    thresholds={},
    stages=(Stage(10.0, 100), Stage(60.0, 100)),
)


def grid(**factors):
    """Arms of every combination of a × b × …; the first value of each is the baseline's."""
    cells = [{}]
    for knob, values in factors.items():
        cells = [cell | {knob: value} for cell in cells for value in values]
    names = ["baseline", *(" ".join(f"{knob}={value}" for knob, value in cell.items()) for cell in cells[1:])]
    return [Arm(name=name, variant=Variant(name, cell)) for name, cell in zip(names, cells, strict=True)]


def sweep(blocks=6, crossing="full", arms=None, **factors):
    """A plan that crosses `factors`, knob → values with the baseline's first."""
    first, *others = arms or grid(**factors)
    crossed = tuple(Factor(knob=knob, values=tuple(values[1:])) for knob, values in factors.items())
    return Plan(
        name="sweep",
        title="a sweep",
        baseline=first,
        variants=tuple(others),
        crossing=crossing if crossed else None,
        factors=crossed,
        load=Operating(profile=STEADY, scale=1.0),
        goal=Goal(metric="accept_p95_ms", better="lower"),
        blocks=blocks,
        seed=7,
    )


def simulated(plan, effect, chance, *, noise=0.09, drift=0.0, metrics=("accept_p95_ms",)):
    """Runs whose ln(metric) is `effect(arm)`, a level of the block, a drift from run to run, and noise."""
    levels = chance.normal(0, 0.3, plan.blocks + 1)
    runs = draw([arm.name for arm in plan.arms], plan.blocks, int(chance.integers(1 << 31)))[1:]
    return [
        MeasuredRun(
            block=run.block,
            position=run.position,
            arm=run.variant,
            run=f"run-{run.position}",
            values={
                metric: 100
                * math.exp(
                    effect(plan.arm(run.variant), metric)
                    + levels[run.block]
                    + drift * run.position
                    + chance.normal(0, noise)
                )
                for metric in metrics
            },
        )
        for run in runs
    ]


def logs(plan, chance, effect, *, noise=0.09, drift=0.0):
    """The same as arrays: ln(metric) by block and arm, in the order of the plan's arms."""
    places = np.stack([chance.permutation(len(plan.arms)) for _ in range(plan.blocks)])
    after = np.arange(plan.blocks)[:, None] * len(plan.arms)
    means = np.array([effect(arm, "accept_p95_ms") for arm in plan.arms])
    shape = (plan.blocks, len(plan.arms))
    return means + drift * (places + after) + chance.normal(0, 0.3, (plan.blocks, 1)) + chance.normal(0, noise, shape)


def differences(plan, contrast, values):
    """A contrast's difference in every block."""
    place = {arm.name: number for number, arm in enumerate(plan.arms)}
    plus, minus = (values[:, [place[arm] for arm in arms]].mean(axis=1) for arms in (contrast.plus, contrast.minus))
    return contrast.scale * (plus - minus)
