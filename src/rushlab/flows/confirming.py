"""The winner of an experiment driven again: fresh blocks of it and the baseline, planned once the others are made."""

from __future__ import annotations

from msgspec.structs import replace

from rushlab.flows.experiments import result_of
from rushlab.flows.tune import Tuning
from rushlab.flows.workbench import Workbench
from rushlab.judge.winner import choose
from rushlab.model.errors import UsageError
from rushlab.model.plan import Plan
from rushlab.world.experiments import ExperimentFolder, confirmation_of

#: What the plan of the fresh runs is called.
NAME = "confirmation"


def confirm(tuning: Tuning, folder: ExperimentFolder, blocks: int) -> None:
    """Drive `blocks` fresh blocks of the winner, or go on with those that were begun.

    Nothing is driven when no variant looks better than the baseline.

    Raises
    ------
    UsageError
        The experiment has no winner to select: it is an A/A one, or not complete.
    """
    begun = confirmation_of(folder)
    if begun is not None:
        if not begun.progress.complete:
            tuning.confirm(folder, begun.planned.plan)
        return
    plan = _plan(tuning, folder, blocks)
    if plan is None:
        tuning.listener.step("no variant looks better than the baseline: there is nothing to confirm")
        return
    tuning.listener.step(f"fresh runs of the winner, {plan.variants[0].name}, against {plan.baseline.name}")
    tuning.confirm(folder, plan)


def _plan(tuning: Tuning, folder: ExperimentFolder, blocks: int) -> Plan | None:
    plan = folder.planned.plan
    if plan.a_a or not folder.progress.complete:
        why = "it holds one setting against itself" if plan.a_a else "its runs are not all made"
        raise UsageError(f"Experiment {folder.planned.id} has no winner to confirm", why)
    arm = chosen(tuning.bench, folder)
    return None if arm is None else fresh_plan(plan, arm, blocks)


def chosen(bench: Workbench, folder: ExperimentFolder) -> str | None:
    """The arm that fresh runs would confirm: the best one of a complete experiment; None when there is none."""
    plan = folder.planned.plan
    if plan.a_a or not folder.progress.complete:
        return None
    result = result_of(bench, folder)
    best = choose(plan, result.arms, result.comparisons, result.ranking)
    return None if best is None else best.variant


def fresh_plan(plan: Plan, arm: str, blocks: int) -> Plan:
    """Winner against baseline, at the same load, judged as before; seeds that no run of the selection had."""
    return replace(
        plan,
        name=NAME,
        title=f"{plan.title}: {arm} confirmed",
        variants=(plan.arm(arm),),
        crossing=None,
        factors=(),
        blocks=blocks,
        confirm=0,
        seed=plan.seed + plan.blocks,
        budget_min=None,
    )
