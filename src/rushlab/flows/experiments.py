"""Experiments opened: their runs checked and read, judged, and put into one result. Reads files, drives nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from rushlab.flows.measures import measures_of
from rushlab.flows.workbench import Workbench
from rushlab.judge import experiment as judged
from rushlab.judge.effects import effects
from rushlab.judge.experiment_checks import NOISE_BLOCKS, checks
from rushlab.judge.experiment_sentence import exploratory, sentence
from rushlab.judge.guess_facts import Trial
from rushlab.judge.pareto import front
from rushlab.judge.trials import trials_of
from rushlab.judge.winner import winner
from rushlab.model.errors import PointsError, ResultError
from rushlab.model.experiment import OPEN, Place, SlotState
from rushlab.model.experiment_result import Confirmation, ExperimentResult, MeasuredRun, Noise
from rushlab.model.plan import Operating
from rushlab.model.profile import scale_name
from rushlab.model.run import Run
from rushlab.model.verdict import ExitCode, Status, Validity
from rushlab.world.experiments import (
    CONFIRMATION,
    ExperimentFolder,
    all_experiments,
    confirmation_of,
    open_experiment,
    run_of,
)
from rushlab.world.folders import RunFolder

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
    runs = tuple(_settled(bench, folder))
    if not runs:
        why = f"{sum(slot.run is not None for slot in folder.progress.slots)} runs are made"
        raise ResultError(f"No block of experiment {planned.id} is complete", why, "Go on with: rushlab tune --resume.")
    noise = tuple(noise_of(bench, folder, metric, runs) for metric in plan.metrics)
    found, arms = judged.comparisons(plan, runs), judged.arm_results(plan, runs)
    best, made = judged.ranking(arms, found, plan.goal.metric), checks(plan, runs, noise[0])
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


def noise_of(bench: Workbench, folder: ExperimentFolder, metric: str, runs: Sequence[MeasuredRun]) -> Noise:
    """The noise floor for an experiment: its own when it is an A/A one, else that of the last one made here."""
    if folder.planned.plan.a_a:
        return _noise(folder, metric, runs, folder.planned.plan.load)
    return last_noise(bench, metric, folder.planned.environment, folder.planned.plan.load)


def last_noise(bench: Workbench, metric: str, environment: dict[str, Any], load: Operating) -> Noise:
    """The noise of `metric` by an A/A experiment on this host and these versions.

    Of those with enough blocks one at this load, if there is any, and the newest; only where none has enough,
    the newest at this load, or at any. An environment without `versions` (nothing is started yet) asks for the host
    alone.
    """
    here = [one for one in all_experiments(bench.settings.experiments) if _is_noise_of(one, environment)]
    few: Noise | None = None
    for folder in sorted(here, key=lambda one: (one.planned.plan.load != load, -one.planned.created)):
        found = _noise(folder, metric, tuple(_settled(bench, folder)), load)
        if found.enough:
            return found
        few = few or (None if found.sd is None else found)
    why = "no A/A experiment was made on this host and these versions"
    return few or Noise(metric=metric, sd=None, k=0, experiment=None, enough=False, reason=why)


def trials(bench: Workbench, environment: dict[str, Any]) -> tuple[Trial, ...]:
    """What finished experiments on this host and these versions found by declared metrics, the newest first.

    Of each plan its newest experiment counts. Exploratory ones settle nothing, nor do arms that broke an invariant.
    """
    alike = [one for one in all_experiments(bench.settings.experiments) if _same_place(one, environment)]
    finished = [one for one in reversed(alike) if one.progress.complete and not one.planned.plan.a_a]
    loads = {one.planned.id: _in_words(one.planned.plan.load) for one in finished}
    results = [result_of(bench, one) for one in finished]
    newest = {result.plan: result for result in reversed(results) if not result.exploratory}
    standing = [result for result in results if newest.get(result.plan) is result]
    found = (trial for result in standing for trial in trials_of(result))
    return tuple(dataclasses.replace(trial, load=loads[trial.experiment]) for trial in found)


def _in_words(load: Operating) -> str:
    """An operating point in words: steady, 500 users, scale 0.6."""
    each = "users" if load.model == "closed" else "arrivals per second"
    return f"{load.profile.name}, {load.profile.peak_vus:,d} {each}, scale {scale_name(load.scale)}"


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


def _is_noise_of(folder: ExperimentFolder, environment: dict[str, Any]) -> bool:
    return folder.planned.plan.a_a and _same_place(folder, environment)


def _same_place(folder: ExperimentFolder, environment: dict[str, Any]) -> bool:
    known = folder.planned.environment
    return all(known.get(key) == environment[key] for key in ("host", "versions") if key in environment)


def _noise(folder: ExperimentFolder, metric: str, runs: Sequence[MeasuredRun], wanted: Operating) -> Noise:
    sd, k = judged.noise_sd(runs, metric)
    run_sd, freedom = judged.run_spread(runs, metric)
    made = folder.planned.plan.load
    return Noise(
        metric=metric,
        sd=sd,
        k=k,
        experiment=folder.planned.id,
        enough=sd is not None and k >= NOISE_BLOCKS,
        reason=f"{metric} has a value in {k} A/A blocks only" if sd is None else None,
        load=_in_words(made),
        same_load=made == wanted,
        run_sd=run_sd,
        run_freedom=freedom,
    )


def _settled(bench: Workbench, folder: ExperimentFolder) -> Iterator[MeasuredRun]:
    """The runs of every block in which nothing is open any more, in their drawn order."""
    places = folder.planned.measured
    waiting = {place.block for place in places if folder.slot(place).state in OPEN}
    for place in places:
        if place.block not in waiting:
            yield measured(bench, folder, place)


def measured(bench: Workbench, folder: ExperimentFolder, place: Place) -> MeasuredRun:
    """One slot with its metrics, or with the objection to them."""
    slot = folder.slot(place)
    bare = MeasuredRun(block=place.block, position=place.position, arm=place.arm, run=slot.run, again=slot.again)
    if slot.state is SlotState.EXCLUDED:
        return replace(bare, objection=slot.problem)
    try:
        return of_run(bare, run_of(folder, place, bench.settings.runs))
    except (ResultError, PointsError) as error:
        return replace(bare, objection=error.sentence)


def of_run(bare: MeasuredRun, run: RunFolder) -> MeasuredRun:
    """`bare` with the metrics, checks and counts of a verified run (PointsError when its points are gone)."""
    found = measures_of(run)
    invariants = run.record.audit.invariants if run.record.audit else ()
    return replace(
        bare,
        objection=objection(run.record, found.backlog),
        wrong=tuple(one.id for one in invariants if one.status is Status.FAIL),
        values=found.values,
        reasons=found.reasons,
        quantiles=found.quantiles,
        requests=found.requests,
        steady=found.steady,
        backlog=found.backlog,
        created=run.record.timing.created,
        checks=_statuses(run.record),
        counts=run.record.audit.counts if run.record.audit else {},
    )


def objection(run: Run, backlog: int | None) -> str | None:
    """Why a run's figures do not count; None = they do.

    An UNKNOWN verdict is no objection where all that is unknown is the audit of what had not drained at the cap.
    """
    verdict = run.verdict
    if verdict is None:
        return "the run was not judged"
    if verdict.validity is Validity.INVALID:
        return f"INVALID: {verdict.reason}"
    if verdict.validity is Validity.UNKNOWN and not _only_backlog(run, backlog):
        return f"UNKNOWN: {verdict.reason}"
    return None


def _only_backlog(run: Run, backlog: int | None) -> bool:
    unknown = {check.id for check in run.verdict.checks if check.status is Status.UNKNOWN} if run.verdict else set()
    return bool(backlog) and run.timing.drained is None and unknown & {"V1", "V2", "V3", "V4"} == {"V3"}


def _statuses(run: Run) -> dict[str, str]:
    made = [*(run.verdict.checks if run.verdict else ()), *(run.audit.invariants if run.audit else ())]
    return {check.id: str(check.status) for check in made}
