"""What a plan will take and what it can hope to see, said before anything starts."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from msgspec.structs import replace

from rushlab.flows.noise import last_noise
from rushlab.flows.tune import AROUND_S, seconds_per_run
from rushlab.flows.workbench import Workbench
from rushlab.judge.power import LEAST_BLOCKS, smallest_change
from rushlab.judge.stages import steady_window
from rushlab.model.errors import ResultError, UsageError
from rushlab.model.experiment import Place, SlotState
from rushlab.model.experiment_result import Noise
from rushlab.model.plan import REQUESTS_PER_RUN, Plan
from rushlab.model.preview import Preview
from rushlab.world.experiments import ExperimentFolder, all_experiments, confirmation_of, run_of
from rushlab.world.host import host


def preview(bench: Workbench, plan: Plan) -> Preview:
    """Look ahead; starts and writes nothing.

    Raises
    ------
    UsageError
        The plan has a budget that it cannot keep.
    """
    found = _ahead(bench, plan, plan.load.length_s + _around(bench))
    if plan.budget_min is not None and found.seconds > plan.budget_min * 60:
        raise _over_budget(found, plan.budget_min)
    return found


def preview_of_rest(bench: Workbench, folder: ExperimentFolder, confirm: int = 0) -> Preview:
    """Look ahead to what is left of an experiment that was begun, with `confirm` fresh blocks of its winner.

    Its budget was kept or not when it began: what is left is made.
    """
    fresh, plan = confirmation_of(folder), folder.planned.plan
    left = _to_make(bench, folder)
    if fresh is not None:
        left += _to_make(bench, fresh)
    elif confirm:
        left += replace(plan, confirm=confirm).runs_to_confirm
    return replace(_ahead(bench, plan, seconds_per_run(folder)), left=left)


def _ahead(bench: Workbench, plan: Plan, seconds: float) -> Preview:
    noise = last_noise(bench, plan.goal.metric, {"host": host()}, plan.load)
    return Preview(
        plan=plan,
        seconds_per_run=seconds,
        noise=noise,
        smallest=None if noise.sd is None else smallest_change(noise.sd, plan.blocks),
        warnings=(*_warnings(plan), *_few_blocks(plan), *_other_load(noise)),
    )


def _to_make(bench: Workbench, folder: ExperimentFolder) -> int:
    """Slots that are open, and those whose run is not whole any more."""
    return folder.progress.open + sum(_lost(bench, folder, place) for place in folder.planned.places)


def _lost(bench: Workbench, folder: ExperimentFolder, place: Place) -> bool:
    if folder.slot(place).state is not SlotState.VERIFIED:
        return False
    try:
        run_of(folder, place, bench.settings.runs)
    except ResultError:
        return True
    return False


def _around(bench: Workbench) -> float:
    """Seconds of a run besides its load: the median of the last experiment here, a guess before any."""
    taken = [
        slot.seconds - folder.planned.plan.load.length_s
        for folder in list(all_experiments(bench.settings.experiments))[-1:]
        for slot in folder.progress.slots
        if slot.seconds is not None
    ]
    return max(1.0, statistics.median(taken)) if taken else AROUND_S


def _over_budget(found: Preview, budget_min: float) -> UsageError:
    plan = found.plan
    others = plan.settling + plan.runs_to_confirm
    affordable = int((budget_min * 60 / found.seconds_per_run - others) // len(plan.arms))
    less = "Take fewer variants, a smaller scale, or more time."
    do = f"Take --blocks {affordable}." if affordable >= LEAST_BLOCKS else less
    why = f"{plan.runs} runs of about {found.seconds_per_run:.0f} s are {found.seconds / 60:.0f} minutes"
    return UsageError(f"Plan {plan.name!r} cannot end within {budget_min:g} minutes", why, do)


def _warnings(plan: Plan) -> list[str]:
    profile = plan.load.profile.at_scale(plan.load.scale)
    said = []
    held = steady_window(profile)
    if held is None:
        said.append(f"{plan.load.profile.name} holds no load: figures are of the whole ramp, not of an operating point")
    else:
        pause = profile.pause_s if plan.load.model == "closed" else 1.0
        most = profile.peak_vus * (held[1] - held[0]) / pause if pause else float("inf")
        if most < REQUESTS_PER_RUN:
            said.append(f"at most {most:,.0f} requests in a run's window; {REQUESTS_PER_RUN:,} are wanted")
    return said


def _few_blocks(plan: Plan) -> Iterator[str]:
    if 0 < plan.confirm < LEAST_BLOCKS:
        yield f"{plan.confirm} fresh blocks give no verdict; {LEAST_BLOCKS} are the least"
    if plan.blocks < LEAST_BLOCKS:
        yield f"{plan.blocks} blocks give no verdict; {LEAST_BLOCKS} are the least"
    elif plan.screening:
        yield f"{plan.blocks} blocks are a screening: verdicts stay exploratory"


def _other_load(noise: Noise) -> Iterator[str]:
    if noise.sd is not None and not noise.same_load:
        yield f"the noise is that of another load: {noise.load}"
