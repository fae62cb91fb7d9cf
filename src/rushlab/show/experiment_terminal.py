"""What `tune` and `experiment` print: a preview, an interim line, a result."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.metric import METRICS
from rushlab.model.preview import Preview
from rushlab.show import experiment, sweep
from rushlab.show.experiment_words import interval, ratio, share
from rushlab.show.lists import checks, columns
from rushlab.show.table import Table
from rushlab.show.terminal import grid
from rushlab.show.units import plural


def preview(found: Preview) -> RenderableType:
    """The plan before it starts: arms, runs, time, and what it can hope to see."""
    plan = found.plan
    arms = columns(("arm", "setting", ""), [(arm.name, arm.variant.name, arm.note) for arm in plan.arms])
    warned = [Text(text, style="yellow") for text in notes(found)]
    return Group(Text(f"{plan.title}. {plan.question}", style="bold"), *map(Text, ahead(found)), arms, *warned)


def ahead(found: Preview) -> list[str]:
    """Metric, runs, time, and the smallest change that a plan can hope to see: a line each."""
    plan = found.plan
    seen = f"{share(found.smallest)} ({plan.blocks} blocks, 80 % power, noise of {found.noise.experiment})"
    return [
        f"by {METRICS[plan.goal.metric].title} ({plan.goal.better} is better), margin {share(plan.goal.margin)}",
        f"{_runs(found)} of about {found.seconds_per_run:.0f} s: "
        f"about {plural(max(1, round(found.seconds / 60)), 'minute')}",
        *(
            [f"of them {plan.runs_to_confirm} confirm the winner in {plan.confirm} fresh blocks"]
            if plan.confirm and found.left is None
            else []
        ),
        f"smallest change that can be seen: {seen if found.smallest else 'unknown: run plans/a-a.yaml first'}",
    ]


def _runs(found: Preview) -> str:
    return plural(found.runs, "run") if found.left is None else f"at most {plural(found.left, 'more run')}"


def notes(found: Preview) -> list[str]:
    """What to keep in mind of a plan before it starts."""
    return [f"note: {text}" for text in found.warnings]


def interim(found: ExperimentResult, block: int) -> str:
    """One line after a block: `block 2 of 6 · accept p95 so far: pool 0.81× [0.70, 0.93]`."""
    primary = [one for one in found.comparisons if one.metric == found.metric]
    said = [f"{one.variant} {ratio(one.ratio)} {interval(one.interval)}" for one in primary]
    return f"block {block} of {found.blocks} · {METRICS[found.metric].title} so far: {'; '.join(said)}"


def result(found: ExperimentResult) -> RenderableType:
    """The sentence, every comparison metric by metric, the checks, what was excluded."""
    tables: list[RenderableType] = []
    for metric in dict.fromkeys(one.metric for one in found.comparisons):
        tables += [Text(experiment.metric_title(found, metric), style="bold")]
        tables += [part for one in experiment.tables(found, metric) for part in (grid(one), Text())]
    tables += _swept(found)
    left = [Text(text, style="yellow") for text in _left_out(found)]
    return Group(Text(found.sentence, style="bold"), Text(), *tables, checks(found.checks), *left)


def _swept(found: ExperimentResult) -> Iterator[RenderableType]:
    """The winner's two figures, effects by the primary metric, the front."""
    for part in (*sweep.winner(found), *(sweep.front(found) if found.front else ())):
        if isinstance(part, Table):
            yield from (grid(part), Text())
    effects = [one for one in found.effects if one.comparison.metric == found.metric]
    if effects:
        yield from (grid(sweep.effect_table(found, effects)), Text())


def _left_out(found: ExperimentResult) -> Iterator[str]:
    for run in found.runs:
        if run.objection:
            yield f"excluded: block {run.block}, {run.arm}: {run.objection}"
    for one in experiment.without(found):
        yield f"excluded: block {one.block}, {one.variant}: {one.reason}"
    for arm in found.arms:
        if arm.bar:
            yield f"outside the ranking: {arm.name}: {arm.bar}"
