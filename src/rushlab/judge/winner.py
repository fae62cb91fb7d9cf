"""The winner of several variants, and what fresh runs say of it.

The best of many is biased upward: whoever looks best was good, or lucky, and the selection keeps both ("winner's
curse"). Runs that had no part in the selection have no such bias; their figure is the headline. Source: e.g.
Efron, Tweedie's formula and selection bias, JASA 106 (2011).
"""

from __future__ import annotations

from collections.abc import Sequence

from rushlab.judge.experiment_sentence import figure, unreadable
from rushlab.model.comparison import Comparison, Outcome
from rushlab.model.experiment_result import ArmResult, Confirmation, Winner
from rushlab.model.metric import METRICS
from rushlab.model.plan import Plan


def choose(
    plan: Plan, arms: Sequence[ArmResult], found: Sequence[Comparison], ranking: Sequence[str]
) -> Comparison | None:
    """The comparison of the best arm by the primary metric, shown or not; None when no arm looks better.

    Red and barred arms cannot win, nor can what is judged by another metric or held against another arm.
    """
    barred = {arm.name for arm in arms if arm.bar}
    candidates = [one for one in _declared(plan, found) if one.variant not in barred and one.ratio]
    if ranking:
        return next(one for one in candidates if one.variant == ranking[0])
    lower = plan.goal.better == "lower"
    looks_better = [one for one in candidates if one.ratio and (one.ratio < 1 if lower else one.ratio > 1)]
    return min(looks_better, key=lambda one: (one.ratio or 1.0) * (1 if lower else -1), default=None)


def winner(
    plan: Plan,
    arms: Sequence[ArmResult],
    found: Sequence[Comparison],
    ranking: Sequence[str],
    confirmation: Confirmation | None,
) -> Winner | None:
    """Who won, by what figure, and what fresh blocks say of it; None where nothing was selected (two arms, A/A)."""
    among = len(_declared(plan, found))
    if plan.a_a or (among < 2 and confirmation is None):
        return None
    chosen = choose(plan, arms, found, ranking)
    if confirmation is not None:
        chosen = next((one for one in _declared(plan, found) if one.variant == confirmation.arm), chosen)
    return Winner(
        arm=chosen.variant if chosen else None,
        among=among,
        selected=chosen,
        confirmation=confirmation,
        sentence=_sentence(plan, chosen, among, confirmation),
    )


def _declared(plan: Plan, found: Sequence[Comparison]) -> list[Comparison]:
    return [
        one for one in found if one.metric == plan.goal.metric and one.declared and one.baseline == plan.baseline.name
    ]


def _sentence(plan: Plan, chosen: Comparison | None, among: int, confirmation: Confirmation | None) -> str:
    metric = METRICS[plan.goal.metric].title
    if chosen is None:
        return f"No variant looks better than {plan.baseline.name!r} by {metric}: there is nothing to confirm."
    selected = f"when it was selected as the best of {among}: {figure(chosen, metric)}"
    fresh = confirmation.comparison if confirmation else None
    if confirmation is None or fresh is None:
        return f"{chosen.variant!r}, {selected}, which is biased upward; {_without_figure(confirmation)}."
    said = _confirmed(fresh, confirmation)
    return f"{said}: {figure(fresh, metric)} in fresh runs; {selected}."


def _without_figure(confirmation: Confirmation | None) -> str:
    if confirmation is None:
        return "not confirmed by fresh runs"
    return unreadable(confirmation) or "the fresh runs are not made yet"


def _confirmed(fresh: Comparison, confirmation: Confirmation) -> str:
    name, base = repr(fresh.variant), repr(fresh.baseline)
    first_look = f"Exploratory ({confirmation.exploratory}): " if confirmation.exploratory else ""
    so_far = "" if confirmation.complete else " so far"
    if fresh.verdict is Outcome.BETTER:
        return f"{first_look}{name} is better than {base}, confirmed{so_far}"
    if fresh.verdict is None:
        return f"{first_look}{name} against {base} has no verdict{so_far}, {fresh.reason}"
    return f"{first_look}{name} against {base} is not confirmed{so_far}, it is {fresh.verdict}"
