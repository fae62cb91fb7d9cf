"""The one sentence an experiment comes to, and why it may be no more than a first look."""

from __future__ import annotations

from collections.abc import Sequence

from rushlab.judge.guess_answers import significant
from rushlab.judge.power import LEAST_BLOCKS
from rushlab.model.comparison import Comparison
from rushlab.model.experiment_result import ArmResult, Confirmation, Winner
from rushlab.model.metric import METRICS
from rushlab.model.plan import Plan
from rushlab.model.verdict import Check, Status


def exploratory(plan: Plan, checks: Sequence[Check], blocks: int) -> str | None:
    """Why no verdict of this experiment, of which `blocks` are made, is more than a first look; None: they stand."""
    if blocks < plan.blocks:
        return f"only {blocks} of {plan.blocks} blocks are made"
    if plan.blocks < LEAST_BLOCKS:
        return f"{plan.blocks} blocks give no verdict"
    if plan.screening:
        return f"a screening of {plan.blocks} blocks"
    by_id = {check.id: check for check in checks}
    if by_id["V12"].status in (Status.UNKNOWN, Status.FAIL):
        return "the noise floor of this machine is not known (V12)"
    if by_id["V11"].status is Status.FAIL:
        return "the design was not followed (V11)"
    return None


def sentence(
    plan: Plan,
    arms: Sequence[ArmResult],
    found: Sequence[Comparison],
    ranking: Sequence[str],
    *,
    first_look: str | None,
    winner: Winner | None = None,
) -> str:
    """What the experiment found by its primary metric: what fresh runs say of the winner, once there are any."""
    confirmation = winner.confirmation if winner else None
    if winner and confirmation and confirmation.comparison:
        return winner.sentence + _red(arms)
    metric = METRICS[plan.goal.metric].title
    name = plan.baseline.name
    primary = [one for one in found if one.metric == plan.goal.metric and one.declared and one.baseline == name]
    said = _best(metric, primary, ranking) if ranking else _none(metric, plan, primary)
    if winner and ranking:
        broken = unreadable(confirmation) if confirmation else None
        said += f" The best of several is biased upward, and {broken or 'no fresh runs confirm it yet'}."
    said += _red(arms)
    return f"Exploratory ({first_look}): {said}" if first_look else said


def unreadable(confirmation: Confirmation) -> str | None:
    """That the fresh runs are damaged, and how; None when they are not."""
    why = confirmation.reason
    return f"the fresh runs cannot be read ({why.rstrip('.')})" if why else None


def _red(arms: Sequence[ArmResult]) -> str:
    red = [arm.name for arm in arms if arm.red]
    return f" An invariant failed in {', '.join(map(repr, red))}: no claim about its speed." if red else ""


def _best(metric: str, primary: Sequence[Comparison], ranking: Sequence[str]) -> str:
    best = next(one for one in primary if one.variant == ranking[0])
    among = f", the best of {len(primary)} variants" if len(primary) > 1 else ""
    return f"{best.variant!r} is better than {best.baseline!r}{among}: {figure(best, metric)}."


def _none(metric: str, plan: Plan, primary: Sequence[Comparison]) -> str:
    if plan.a_a and len(primary) == 1:
        return f"The same setting twice: {figure(primary[0], metric)}; {primary[0].verdict or 'no verdict'}."
    told = [f"{one.variant!r} {one.verdict or 'no verdict'} ({figure(one, metric)})" for one in primary]
    return f"No variant is shown to be better than {plan.baseline.name!r}: {'; '.join(told) or 'no run counts'}."


def figure(one: Comparison, metric: str) -> str:
    """`accept p95 0.812 × (95 % interval 0.703 to 0.938, 6 blocks)`."""
    if one.ratio is None:
        return f"{metric} has no ratio"
    blocks = f"{one.k} block" if one.k == 1 else f"{one.k} blocks"
    interval = "95 % interval {} to {}, ".format(*map(significant, one.interval)) if one.interval else ""
    return f"{metric} {significant(one.ratio)} × ({interval}{blocks})"
