"""Two subjects compared: paired over the blocks they share, else as groups of runs of different times."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from rushlab.flows.comparing_subjects import Subject, of_arm
from rushlab.flows.noise import last_noise
from rushlab.flows.workbench import Workbench
from rushlab.judge.comparison import Question, compare_all
from rushlab.judge.experiment import question, without_the_wrong
from rushlab.judge.unpaired import Groups, compare_groups
from rushlab.model.comparison import Comparison, Exclusion
from rushlab.model.experiment_result import ExperimentResult, MeasuredRun, Noise
from rushlab.model.metric import METRICS, find_metric
from rushlab.model.plan import Plan
from rushlab.world.experiments import open_experiment


def of_one_experiment(before: Subject, after: Subject) -> bool:
    """Whether both are arms of one experiment, which ran in its blocks."""
    return before.experiment is not None and before.experiment == after.experiment and bool(before.arm and after.arm)


def paired(bench: Workbench, before: Subject, after: Subject) -> tuple[Comparison, ...]:
    """Two arms of one experiment over its blocks, as the experiment judged them where its plan has that pair.

    Any other pair, and any other metric that both have, was not declared: it is exploratory and outside the family
    of Holm's correction.
    """
    assert before.result  # narrowed by the caller
    result = before.result
    stands = [one for one in result.comparisons if (one.baseline, one.variant) == (before.arm, after.arm)]
    plan = open_experiment(bench.settings.experiments, result.experiment).planned.plan
    told = {one.metric for one in stands}
    others = [metric for metric in dict.fromkeys((*plan.metrics, *METRICS)) if metric not in told]
    found = (*stands, *_undeclared(plan, [*before.runs, *after.runs], str(before.arm), others))
    said = tuple(_first_look(result, before, after))
    wrong = {str(one.arm): one.wrong for one in (before, after) if one.wrong}
    return tuple(labelled(without_the_wrong(one, wrong), said) for one in found)


def unpaired(bench: Workbench, before: Subject, after: Subject) -> Iterator[Comparison]:
    """Two subjects of different times by every metric that both have; a ratio and no verdict."""
    for metric in METRICS:
        groups = _groups(before, after, metric, before.margin)
        if groups.before and groups.after:
            yield _right(compare_groups(groups, _noise(bench, before, metric)), before, after)


def judged(bench: Workbench, before: Subject, after: Subject, metric: str, margin: float) -> Comparison:
    """`after` against a recorded baseline by one metric, with a verdict (see `judge.unpaired`)."""
    groups = _groups(before, after, metric, margin)
    return _right(compare_groups(groups, _noise(bench, before, metric), judged=True), before, after)


def shared(before: Subject, after: Subject) -> Iterator[tuple[Subject, Subject]]:
    """Arms that both experiments have: the same value for every knob, whatever they are called there."""
    if before.result and after.result:
        for arm in before.result.arms:
            same = next((other for other in after.result.arms if other.knobs == arm.knobs), None)
            if same is not None:
                yield of_arm(before.result, before, arm.name), of_arm(after.result, after, same.name)


def labelled(found: Comparison, said: tuple[str, ...]) -> Comparison:
    """`found` with these warnings before its own."""
    return replace(found, warnings=(*said, *found.warnings)) if said else found


def _undeclared(
    plan: Plan, runs: Sequence[MeasuredRun], baseline: str, metrics: Iterable[str]
) -> tuple[Comparison, ...]:
    asked = [question(plan, runs, metric, baseline=baseline) for metric in metrics]
    return compare_all(dataclasses.replace(one, declared=()) for one in asked if _has_both(one))


def _has_both(asked: Question) -> bool:
    return asked.runs.dropna(subset=["value"])["variant"].nunique() == 2


def _first_look(result: ExperimentResult, before: Subject, after: Subject) -> Iterator[str]:
    """Why a verdict of these arms is no more than a first look, or is no choice, as the experiment says it."""
    if result.exploratory:
        yield f"exploratory: {result.exploratory}"
    for arm in result.arms:
        if arm.name in (before.arm, after.arm) and arm.bar and not arm.red:
            yield f"{arm.name} is outside the ranking: {arm.bar}"


def _right(found: Comparison, before: Subject, after: Subject) -> Comparison:
    return without_the_wrong(found, {one.name: one.wrong for one in (before, after) if one.wrong})


def _groups(before: Subject, after: Subject, metric: str, margin: float) -> Groups:
    better = before.result.better if before.result and before.result.metric == metric else find_metric(metric).better
    left_out = tuple(one for side in (before, after) for one in _left_out(side, metric))
    return Groups(
        before.name, after.name, _values(before, metric), _values(after, metric), metric, better, margin, left_out
    )


def _values(subject: Subject, metric: str) -> list[float]:
    """The values of the runs that count; 0 is one."""
    values = [run.values.get(metric) for run in subject.runs if run.objection is None]
    return [value for value in values if value is not None]


def _left_out(subject: Subject, metric: str) -> Iterator[Exclusion]:
    for run in subject.runs:
        if run.objection or run.values.get(metric) is None:
            why = run.objection or f"{metric}: {run.reasons.get(metric, 'it has no value')}"
            yield Exclusion(str(run.block), subject.name, why)


def _noise(bench: Workbench, subject: Subject, metric: str) -> Noise:
    environment = {key: subject.facts[key] for key in ("host", "versions")}
    return last_noise(bench, metric, environment, subject.load)
