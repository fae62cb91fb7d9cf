"""Experiments opened: their runs checked and read, judged, and put into one result. Reads files, drives nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from rushlab.flows.measured import settled
from rushlab.flows.noise import noise_of, same_place
from rushlab.flows.workbench import Workbench
from rushlab.judge import experiment as judged
from rushlab.judge.effects import effects
from rushlab.judge.experiment_checks import checks
from rushlab.judge.experiment_sentence import exploratory, sentence
from rushlab.judge.guess_facts import Trial
from rushlab.judge.pareto import front
from rushlab.judge.trials import trials_of
from rushlab.judge.winner import winner
from rushlab.model.errors import ResultError
from rushlab.model.experiment_result import Confirmation, ExperimentResult, MeasuredRun
from rushlab.model.verdict import ExitCode, Validity
from rushlab.world.experiments import (
    CONFIRMATION,
    ExperimentFolder,
    all_experiments,
    confirmation_of,
    open_experiment,
)

if TYPE_CHECKING:
    from rushlab.show.html import Head


def open_result(bench: Workbench, name: str) -> ExperimentResult:
    """The result of the experiment called `name`, as far as it is (ResultError when it is not there or not whole)."""
    return result_of(bench, open_experiment(bench.settings.experiments, name))


def result_of(bench: Workbench, folder: ExperimentFolder) -> ExperimentResult:
    """What the experiment says: every block whose slots are all driven or excluded counts.

    Raises
    ------
    ResultError
        Not one block is complete.
    """
    plan, planned = folder.planned.plan, folder.planned
    runs = tuple(settled(bench, folder))
    if not runs:
        why = f"{sum(slot.run is not None for slot in folder.progress.slots)} runs are made"
        raise ResultError(f"No block of experiment {planned.id} is complete", why, "Go on with: rushlab tune --resume.")
    noise = tuple(noise_of(bench, folder, metric, runs) for metric in plan.metrics)
    found, arms = judged.comparisons(plan, runs), judged.arm_results(plan, runs)
    best, made = judged.ranking(arms, found, plan.goal.metric), checks(plan, runs, noise)
    first_look = exploratory(plan, made, len({run.block for run in runs}))
    won = winner(plan, arms, found, best, confirmation(bench, folder))
    return ExperimentResult(
        experiment=planned.id,
        plan=plan.name,
        title=plan.title,
        question=plan.question,
        metric=plan.goal.metric,
        better=plan.goal.better,
        margin=plan.goal.margin,
        baseline=plan.baseline.name,
        profile=plan.load.profile.name,
        scale=plan.load.scale,
        model=plan.load.model,
        blocks=plan.blocks,
        seed=plan.seed,
        a_a=plan.a_a,
        crossing=plan.crossing,
        complete=folder.progress.complete,
        sentence=sentence(plan, arms, found, best, first_look=first_look, winner=won),
        exploratory=first_look,
        arms=arms,
        comparisons=found,
        shifts=judged.shifts(plan, runs),
        ranking=best,
        checks=made,
        noise=noise,
        runs=runs,
        environment=planned.environment,
        hashes={"plan.json": folder.progress.plan_digest}
        | {slot.run: slot.digest for slot in folder.progress.slots if slot.run and slot.digest},
        effects=effects(plan, runs),
        front=front(plan, arms, runs),
        winner=won,
    )


def confirmation(bench: Workbench, folder: ExperimentFolder) -> Confirmation | None:
    """What the fresh runs of the winner say, as far as they are made; None when none were planned.

    Damaged ones are carried with the reason: they hide nothing of the experiment that they would confirm.
    """
    try:
        fresh = confirmation_of(folder)
    except ResultError as error:
        name, blocks = f"{folder.planned.id}-{CONFIRMATION}", folder.planned.plan.confirm
        return Confirmation(
            experiment=name, arm="", blocks=blocks, complete=False, comparison=None, reason=error.sentence
        )
    if fresh is None:
        return None
    (arm,) = fresh.planned.plan.variants
    found = Confirmation(
        experiment=fresh.planned.id,
        arm=arm.name,
        blocks=fresh.planned.plan.blocks,
        complete=fresh.progress.complete,
        comparison=None,
    )
    try:
        said = result_of(bench, fresh)
    except ResultError:  # no block of it is complete yet
        return found
    return replace(
        found, comparison=said.comparison(arm.name), exploratory=said.exploratory, checks=said.checks, runs=said.runs
    )


def trials(bench: Workbench, environment: dict[str, Any]) -> tuple[Trial, ...]:
    """What finished experiments on this host and these versions found by declared metrics, the newest first.

    Of each plan its newest experiment counts. Exploratory ones settle nothing, nor do arms that broke an invariant.
    """
    alike = [one for one in all_experiments(bench.settings.experiments) if same_place(one, environment)]
    finished = [one for one in reversed(alike) if one.progress.complete and not one.planned.plan.a_a]
    loads = {one.planned.id: one.planned.plan.load.words for one in finished}
    results = [result_of(bench, one) for one in finished]
    newest = {result.plan: result for result in reversed(results) if not result.exploratory}
    standing = [result for result in results if newest.get(result.plan) is result]
    found = (trial for result in standing for trial in trials_of(result))
    return tuple(dataclasses.replace(trial, load=loads[trial.experiment]) for trial in found)


def page_head(result: ExperimentResult) -> Head:
    """The head of a page about the experiment."""
    from rushlab.show.experiment_head import head  # what makes pages takes long to import

    return head(result)


def result_json(result: ExperimentResult) -> dict[str, Any]:
    """The result as JSON (shape: docs/schemas/experiment.schema.json)."""
    fields: dict[str, Any] = msgspec.to_builtins(result)
    return fields


def exit_code(result: ExperimentResult) -> ExitCode:
    """That of its runs: what an experiment found is no failure."""
    return runs_exit_code(result.all_runs)


def runs_exit_code(runs: Sequence[MeasuredRun]) -> ExitCode:
    """5 an invariant failed in some run, 4 some run is INVALID, else 0."""
    if any(run.wrong for run in runs):
        return ExitCode.INVARIANT_FAILED
    invalid = any((run.objection or "").startswith(str(Validity.INVALID)) for run in runs)
    return ExitCode.INVALID if invalid else ExitCode.OK
