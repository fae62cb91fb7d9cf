"""`rushlab tune`: an experiment driven in its drawn order, resumable after any interruption from whole runs only."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from msgspec.structs import replace

from rushlab.flows.driving import running_stack
from rushlab.flows.order import Order, require_room
from rushlab.flows.run import execute, provenance
from rushlab.flows.workbench import Listener, Silent, Workbench
from rushlab.judge.comparison import MOST_EXCLUDED
from rushlab.judge.design import draw
from rushlab.model.errors import Interrupted, ResultError, RushlabError, StorageError
from rushlab.model.experiment import Place, Planned, SlotState
from rushlab.model.plan import DRAIN_LIMIT_S, Plan
from rushlab.world import experiments
from rushlab.world.experiments import ExperimentFolder
from rushlab.world.folders import RunFolder
from rushlab.world.names import identity
from rushlab.world.stack.backend import Backend

#: Seconds of a run besides its load, before any was made here: reset, warm-up, drain, collecting, judging.
AROUND_S = 25.0

Execute = Callable[[Workbench, Backend, Order, Listener], RunFolder]
Stack = Callable[[Workbench, str, Listener], AbstractContextManager[Backend]]
#: Called after every block with the number of the block.
AfterBlock = Callable[[ExperimentFolder, int], None]


@dataclass(frozen=True, slots=True)
class Hands:
    """What drives: the real stack and the real run, or stand-ins with the same signatures."""

    execute: Execute = execute
    stack: Stack = running_stack
    provenance: Callable[[Workbench, Backend], dict[str, object]] = provenance


@dataclass(frozen=True, slots=True)
class Tuning:
    """One experiment from its next open slot to its end."""

    bench: Workbench
    backend: str = "native"
    listener: Listener = field(default_factory=Silent)
    after_block: AfterBlock = lambda folder, block: None
    hands: Hands = field(default_factory=Hands)

    def start(self, plan: Plan) -> ExperimentFolder:
        """Draw the order, write the plan, and drive it to its end.

        Raises
        ------
        ResultError
            More than 20 % of the runs had to be excluded.
        PortTaken, StorageError
            There is no room for the plan's runs: nothing was started.
        StorageError, Interrupted
            The experiment stops where it is; `resume` goes on from there.
        """
        require_room(self.bench, [_load_of(plan)] * plan.runs)
        with self.hands.stack(self.bench, self.backend, self.listener) as backend:
            folder = self._create(plan, backend)
            self._drive(folder, backend)
        return folder

    def resume(self, folder: ExperimentFolder) -> ExperimentFolder:
        """Go on where the experiment is once no other workbench can drive it; slots without a whole run are driven
        (again). What is returned has its new state.

        Raises
        ------
        ResultError
            This machine or its servers are not those of the experiment's other runs; it failed already; or as `start`.
        """
        require_enough(folder)
        require_room(self.bench, [_load_of(folder.planned.plan)] * folder.progress.open)
        with self.hands.stack(self.bench, self.backend, self.listener) as backend:
            require_same_place(folder.planned, self.hands.provenance(self.bench, backend))
            found = experiments.open_experiment(self.bench.settings.experiments, str(folder.path))
            self._go_on(found, backend)
        return found

    def confirm(self, folder: ExperimentFolder, plan: Plan) -> ExperimentFolder:
        """Drive the fresh runs that confirm the winner of a complete experiment, or go on with them.

        `plan` is what they follow when none were planned yet (see `flows.confirming`); they stand in the
        experiment's folder as an experiment of their own. Raises as `resume`.
        """
        begun = experiments.confirmation_of(folder)
        if begun is not None:
            require_enough(begun)
        require_room(self.bench, [_load_of(plan)] * plan.runs)
        with self.hands.stack(self.bench, self.backend, self.listener) as backend:
            require_same_place(folder.planned, self.hands.provenance(self.bench, backend))
            fresh = experiments.confirmation_of(folder)  # another workbench may have begun them meanwhile
            if fresh is None:
                fresh = self._create(plan, backend, confirms=folder.planned.id)
            self._go_on(fresh, backend)
        return fresh

    def _go_on(self, folder: ExperimentFolder, backend: Backend) -> None:
        require_enough(folder)
        self._reopen(folder)
        self._drive(folder, backend)

    def _create(self, plan: Plan, backend: Backend, *, confirms: str | None = None) -> ExperimentFolder:
        created = time.time()
        planned = Planned(
            id=identity(created, plan.name) if confirms is None else f"{confirms}-{plan.name}",
            confirms=confirms,
            created=created,
            plan=plan,
            places=draw_places(plan),
            environment=self.hands.provenance(self.bench, backend),
        )
        return experiments.create_experiment(self.bench.settings.experiments, planned)

    def _reopen(self, folder: ExperimentFolder) -> None:
        """Slots whose run is not whole any more are open again; a run that was not recorded is."""
        for place in folder.planned.places:
            slot = folder.slot(place)
            if slot.state is SlotState.VERIFIED:
                try:
                    experiments.run_of(folder, place, self.bench.settings.runs)
                except ResultError as error:
                    self.listener.step(f"failed: {error.sentence} It is driven again.")
                    folder.record(replace(slot, state=SlotState.PLANNED, again=(*slot.again, error.sentence)))
            elif slot.state is SlotState.RUNNING:
                left = experiments.run_left_behind(folder, place, self.bench.settings.runs)
                if left is not None:
                    _verified(folder, place, left, None)
                else:
                    why = "the workbench ended while it was driven"
                    folder.record(replace(slot, state=SlotState.PLANNED, again=(*slot.again, why)))

    def _drive(self, folder: ExperimentFolder, backend: Backend) -> None:
        try:
            for place in folder.planned.places:
                if folder.slot(place).state is SlotState.PLANNED:
                    self._one(folder, backend, place)
                    require_enough(folder)
                    if not place.settling and _last_of_block(folder, place):
                        self.after_block(folder, place.block)
        except (KeyboardInterrupt, StorageError) as stop:
            raise _stopped(folder, stop) from None

    def _one(self, folder: ExperimentFolder, backend: Backend, place: Place) -> None:
        """Drive one slot; a run that fails is excluded with its reason and never replaced."""
        self.listener.step(_headline(folder, place))
        begun = time.time()
        slot = replace(folder.slot(place), state=SlotState.RUNNING, started=begun)
        folder.record(slot)
        try:
            made = self.hands.execute(self.bench, backend, _order(folder, place), self.listener)
        except StorageError:
            raise
        except RushlabError as error:
            self.listener.step(f"failed: {error.sentence}")
            if place.settling:
                folder.record(replace(slot, state=SlotState.PLANNED, again=(*slot.again, error.sentence)))
                raise
            folder.record(replace(slot, state=SlotState.EXCLUDED, problem=error.sentence))
        else:
            _verified(folder, place, made, time.time() - begun)


def draw_places(plan: Plan) -> tuple[Place, ...]:
    """The drawn order of a plan; all runs of a block have the same load, seed for seed."""
    pairs = [(arm.against or plan.baseline.name, arm.name) for arm in plan.variants]
    drawn = draw([arm.name for arm in plan.arms], plan.blocks, plan.seed, pairs)
    return tuple(
        Place(position=run.position, block=run.block, arm=run.variant, seed=plan.seed + run.block)
        for run in drawn
        if plan.settling or not run.settling
    )


def require_enough(folder: ExperimentFolder) -> None:
    """ResultError for an experiment that cannot succeed any more."""
    planned = len(folder.planned.measured)
    if folder.progress.excluded > MOST_EXCLUDED * planned:
        raise ResultError(
            f"Experiment {folder.planned.id} failed",
            f"{folder.progress.excluded} of {planned} runs are excluded, more than {MOST_EXCLUDED:.0%}",
            f"See what failed: rushlab experiment {folder.planned.confirms or folder.planned.id}",
        )


def require_same_place(planned: Planned, here: dict[str, object]) -> None:
    """ResultError, naming what differs, unless this is the machine and these the servers of the plan."""
    for key in ("host", "versions", "backend"):
        if planned.environment.get(key) != here.get(key):
            raise ResultError(
                f"Experiment {planned.id} cannot be resumed here",
                f"its {key} was {planned.environment.get(key)}, now it is {here.get(key)}",
                "Start it anew.",
            )


def remaining_s(folder: ExperimentFolder) -> float:
    """Seconds that the open slots will take, from what those before took; without any, a guess."""
    return folder.progress.open * seconds_per_run(folder)


def seconds_per_run(folder: ExperimentFolder) -> float:
    """What a run of this experiment takes: the median of those that were made, else load and a guess."""
    taken = [slot.seconds for slot in folder.progress.slots if slot.seconds is not None]
    return statistics.median(taken) if taken else folder.planned.plan.load.length_s + AROUND_S


def _load_of(plan: Plan) -> Order:
    return Order(plan.load.profile, plan.baseline.variant, plan.load.scale)


def _order(folder: ExperimentFolder, place: Place) -> Order:
    plan = folder.planned.plan
    return Order(
        plan.load.profile,
        plan.arm(place.arm).variant,
        plan.load.scale,
        plan.load.model,
        place.seed,
        DRAIN_LIMIT_S,
        folder.label(place),
    )


def _verified(folder: ExperimentFolder, place: Place, made: RunFolder, seconds: float | None) -> None:
    slot, digest = folder.slot(place), experiments.digest(made)
    folder.record(replace(slot, state=SlotState.VERIFIED, run=made.record.id, digest=digest, seconds=seconds))


def _headline(folder: ExperimentFolder, place: Place) -> str:
    """`[7/19] block 2 of 6 · pool_size=20 · about 14 min left`."""
    number = folder.planned.places.index(place) + 1
    where = "settling run, discarded" if place.settling else f"block {place.block} of {folder.planned.plan.blocks}"
    where = f"confirmation, {where}" if folder.planned.confirms else where
    left = f"about {max(1, round(remaining_s(folder) / 60))} min left"
    return f"[{number}/{len(folder.planned.places)}] {where} · {place.arm} · {left}"


def _last_of_block(folder: ExperimentFolder, place: Place) -> bool:
    return place == [one for one in folder.planned.places if one.block == place.block][-1]


def _stopped(folder: ExperimentFolder, stop: BaseException) -> RushlabError:
    done = sum(slot.state is SlotState.VERIFIED for slot in folder.progress.slots)
    why = stop.sentence if isinstance(stop, RushlabError) else "interrupted"
    what = f"Experiment {folder.planned.id} was stopped after {done} of {len(folder.planned.places)} runs"
    do = f"Go on with: rushlab tune {folder.planned.confirms or folder.planned.id} --resume"
    return StorageError(what, why, do) if isinstance(stop, StorageError) else Interrupted(what, why, do)
