"""What `--resume` goes on with: the unfinished experiment of a plan, what is left of it, or that nothing is."""

from __future__ import annotations

from msgspec.structs import replace

from rushlab.flows.confirming import chosen
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import ResultError, UsageError
from rushlab.model.experiment import SlotState
from rushlab.model.plan import Plan
from rushlab.world.experiments import ExperimentFolder, all_experiments, confirmation_of, run_of


def find_unfinished(bench: Workbench, plan: Plan) -> ExperimentFolder:
    """The newest experiment of this plan, in whatever number of blocks and scale, that is not complete.

    One whose winner is still to be confirmed by fresh runs is not complete either.

    UsageError when there is none, or the plan says something else since.
    """
    same = [one for one in all_experiments(bench.settings.experiments) if one.planned.plan.name == plan.name]
    unfinished = [one for one in same if not one.progress.complete or to_confirm(bench, one)]
    if not unfinished:
        why = f"nothing is left to do in {same[-1].planned.id}: {_all_made(same[-1], plan.confirm > 0)}" if same else ""
        raise UsageError(f"There is no unfinished experiment of plan {plan.name!r}", why, "Start one without --resume.")
    begun = unfinished[-1].planned.plan
    load = replace(plan.load, scale=begun.load.scale)
    if begun != replace(plan, blocks=begun.blocks, confirm=begun.confirm, load=load):
        raise UsageError(
            f"Plan {plan.name!r} is not what it was when experiment {unfinished[-1].planned.id} began",
            "a plan is fixed before the first run",
            f"Go on with: rushlab tune {unfinished[-1].planned.id} --resume",
        )
    return unfinished[-1]


def to_confirm(bench: Workbench, folder: ExperimentFolder) -> bool:
    """Whether fresh runs of the winner are planned (by the plan, or since) and not all made; false without a winner.

    Damaged ones are still to be made as well: whoever goes on with them is told of the damage.
    """
    try:
        fresh = confirmation_of(folder)
    except ResultError:
        return True
    if fresh is not None:
        return not fresh.progress.complete
    return folder.planned.plan.confirm > 0 and chosen(bench, folder) is not None


def require_left(bench: Workbench, folder: ExperimentFolder, *, confirm: bool) -> None:
    """UsageError when a resumption would drive nothing; `confirm`: fresh runs of the winner are asked for.

    Raises
    ------
    UsageError
        All runs are made and whole, and nothing is to be confirmed.
    ResultError
        The fresh runs are damaged.
    """
    fresh = confirmation_of(folder)
    wanted = confirm and fresh is None and chosen(bench, folder) is not None
    if not folder.progress.complete or wanted or to_confirm(bench, folder) or _lost(bench, folder):
        return
    name = folder.planned.id
    why = _all_made(folder, confirm or folder.planned.plan.confirm > 0)
    raise UsageError(f"Nothing is left to do in experiment {name}", why, f"See it: rushlab experiment {name}")


def _all_made(folder: ExperimentFolder, wanted: bool) -> str:
    """Why there is nothing left; `wanted`: its winner was to be confirmed."""
    if confirmation_of(folder) is not None:
        return "its runs are all made, those that confirm its winner too"
    none = "no variant looks better than the baseline, so that nothing is to be confirmed"
    return f"its runs are all made, and {none}" if wanted else "its runs are all made"


def _lost(bench: Workbench, folder: ExperimentFolder) -> bool:
    """Whether some run is not whole any more, and is driven again."""
    for place in folder.planned.places:
        if folder.slot(place).state is SlotState.VERIFIED:
            try:
                run_of(folder, place, bench.settings.runs)
            except ResultError:
                return True
    return False
