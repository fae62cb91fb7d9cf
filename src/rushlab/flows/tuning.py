"""`rushlab tune` as a whole: the plan found and checked, driven or resumed, its result written beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec.structs import replace as changed

from rushlab.flows import notebooks
from rushlab.flows.confirming import confirm as confirm_winner
from rushlab.flows.experiments import exit_code, open_result, page_head, result_json, result_of
from rushlab.flows.live import hearing, refuse_unknown_parameters, tell
from rushlab.flows.plans import open_plan, shipped
from rushlab.flows.previews import preview
from rushlab.flows.resuming import find_unfinished, require_left, to_confirm
from rushlab.flows.section_six import PAGE as SECTION_SIX
from rushlab.flows.section_six import tries_recommendations, write_section_six
from rushlab.flows.tune import Hands, Tuning
from rushlab.flows.workbench import Listener, Workbench
from rushlab.model.errors import UsageError
from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.plan import Plan
from rushlab.model.profile import parse_scale
from rushlab.model.verdict import ExitCode
from rushlab.show import experiment_terminal
from rushlab.world.experiments import ExperimentFolder, open_experiment
from rushlab.world.files import check_writable, write_atomic


@dataclass(frozen=True, slots=True)
class TuneOrder:
    """A plan to drive, or the experiment (`resumed`) to go on with.

    `confirm`: fresh blocks in which the winner is driven again after the last block (0: as was begun, or none).
    """

    plan: Plan
    resumed: ExperimentFolder | None = None
    backend: str = "native"
    confirm: int = 0

    @classmethod
    def parse(
        cls,
        bench: Workbench,
        name: str,
        *,
        resume: bool = False,
        blocks: int | None = None,
        scale: str | float | None = None,
        backend: str = "native",
        confirm: bool = False,
    ) -> TuneOrder:
        """Check everything before anything starts.

        `name` is a plan's file or name; with `resume` it may also be an experiment's id (or `last`). `confirm` asks
        for fresh runs of the winner where the plan does not: as many blocks as it has.

        Raises
        ------
        UsageError
            The plan cannot be, or there is nothing to resume.
        ResultError
            The experiment to resume is damaged.
        """
        bench.backend(backend)
        if resume and not (blocks is None and scale is None):
            raise UsageError(
                "--resume cannot have another number of blocks or scale", "the plan was fixed before its runs"
            )
        if resume:
            folder = _to_resume(bench, name)
            require_left(bench, folder, confirm=confirm)
            return cls(folder.planned.plan, folder, backend, _fresh_blocks(folder.planned.plan, confirm))
        plan = open_plan(bench, name, blocks=blocks)
        if scale is not None:
            plan = changed(plan, load=changed(plan.load, scale=parse_scale(scale)))
        plan = changed(plan, confirm=_fresh_blocks(plan, confirm))
        return cls(plan, None, backend, plan.confirm)


@dataclass(frozen=True, slots=True)
class Tuned:
    """Where an experiment is, what it says, and the exit code that goes with it."""

    folder: ExperimentFolder
    result: ExperimentResult

    @property
    def page(self) -> Path:
        return self.folder.path / "report.html"

    @property
    def exit_code(self) -> ExitCode:
        return exit_code(self.result)


def carry_out(bench: Workbench, order: TuneOrder, listener: Listener, *, hands: Hands | None = None) -> Tuned:
    """Drive the experiment to its end and write its result (see `flows.tune.Tuning` for what can stop it)."""
    check_writable(bench.settings.experiments)
    tuning = Tuning(bench, order.backend, listener, lambda folder, block: _tell(bench, folder, block, listener))
    if hands is not None:
        tuning = replace(tuning, hands=hands)
    folder = tuning.start(order.plan) if order.resumed is None else tuning.resume(order.resumed)
    if order.confirm or to_confirm(bench, folder):
        confirm_winner(tuning, folder, order.confirm)
    listener.step("judging the experiment")
    tuned = Tuned(folder, result_of(bench, folder))
    write_result(bench, tuned)
    return tuned


def open_tuning(
    plan: str = "a-a",
    *,
    blocks: int = 0,
    resume: bool = False,
    experiment: str = "",
    listener: Listener | None = None,
) -> ExperimentResult:
    """The result of a notebook: of `experiment` when one is named, else of `plan`, driven now.

    What the plan will take and what it can hope to see is said first (UsageError: its budget cannot be kept).

    Parameters
    ----------
    plan, blocks, resume
        As for `rushlab tune`; 0 blocks: as the plan says.
    experiment
        An experiment's id, a part of one, its folder, or `last`.
    """
    refuse_unknown_parameters(("plan", "blocks", "resume", "experiment"))
    bench = Workbench.open()
    if experiment:
        return open_result(bench, experiment)
    order = TuneOrder.parse(bench, plan, resume=resume, blocks=blocks or None)
    if order.resumed is None:
        found = preview(bench, order.plan)
        tell(listener, "\n".join([*experiment_terminal.ahead(found), *experiment_terminal.notes(found)]))
    with hearing(listener) as told:
        return carry_out(bench, order, told).result


def write_result(bench: Workbench, tuned: Tuned) -> None:
    """Write `experiment.json`, the executed notebook and its page beside the plan; where it tries recommendations of
    the original report, also the page of its section 6.
    """
    write_atomic(tuned.folder.path / "experiment.json", _json(tuned.result))
    write_page(bench, tuned.folder, tuned.result, tuned.page)
    if tries_recommendations(tuned.result):
        write_section_six(bench, [str(tuned.folder.path.absolute())], tuned.folder.path / SECTION_SIX)


def write_page(bench: Workbench, folder: ExperimentFolder, result: ExperimentResult, target: Path) -> None:
    """The experiment's page at `target`, and the executed notebook beside it (StorageError, ResultError)."""
    source = bench.settings.root / "notebooks" / "tuning.ipynb"
    parameters = {"experiment": str(folder.path.absolute())}
    notebooks.write_page(source, target, parameters, lambda: page_head(result), root=bench.settings.root)


def export_experiment(bench: Workbench, name: str, kind: str, out: Path | None) -> Path:
    """Write one experiment as html or json; the path of the file.

    Raises
    ------
    UsageError
        Experiments are not exported as `kind`.
    ResultError
        There is no such experiment, or it has no result.
    """
    if kind not in ("html", "json"):
        raise UsageError(f"An experiment cannot be exported as {kind}", "there are html and json")
    folder = open_experiment(bench.settings.experiments, name)
    result = result_of(bench, folder)
    target = (out or Path(f"{folder.planned.id}.{kind}")).absolute()
    check_writable(target.parent)
    if kind == "json":
        write_atomic(target, _json(result))
    else:
        write_page(bench, folder, result, target)
    return target


def _json(result: ExperimentResult) -> str:
    return json.dumps(result_json(result), indent=1, allow_nan=False) + "\n"


def _to_resume(bench: Workbench, name: str) -> ExperimentFolder:
    """The unfinished experiment of the plan `name`, or the experiment of that id."""
    if name in shipped(bench) or Path(name).is_file():
        return find_unfinished(bench, open_plan(bench, name))
    return open_experiment(bench.settings.experiments, name)


def _fresh_blocks(plan: Plan, asked: bool) -> int:
    """UsageError when an experiment that selects nothing is to be confirmed."""
    if plan.a_a and (asked or plan.confirm):
        raise UsageError(f"Plan {plan.name!r} has no winner to confirm", "it holds one setting against itself")
    return plan.confirm or (plan.blocks if asked else 0)


def _tell(bench: Workbench, folder: ExperimentFolder, block: int, listener: Listener) -> None:
    listener.step(experiment_terminal.interim(result_of(bench, folder), block))
