"""Experiment folders: the plan, written once before the first run, and the state, replaced after every step.

data/experiments/20261124T141530Z-pool-size-1f3a/
    plan.json  state.json
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from rushlab.model.errors import ResultError, UsageError
from rushlab.model.experiment import Place, Planned, Progress, Slot
from rushlab.model.run import Run, State
from rushlab.world.files import read_json, sha256, storage, write_json
from rushlab.world.folders import RECORD, RunFolder, all_runs, open_run
from rushlab.world.names import when_made

PLAN, STATE = "plan.json", "state.json"
#: Where, in an experiment's folder, the runs that confirm its winner are planned and recorded: the same two files.
CONFIRMATION = "confirmation"
#: The key of a run's environment that says which experiment and which place it belongs to.
LABEL = "experiment"


class ExperimentFolder:
    """One experiment's folder; `progress` is what `state.json` says, replaced slot by slot."""

    def __init__(self, path: Path, planned: Planned, progress: Progress) -> None:
        self.path = path
        self.planned = planned
        self.progress = progress

    def __repr__(self) -> str:
        return f"ExperimentFolder({self.planned.id})"

    def slot(self, place: Place) -> Slot:
        return next(slot for slot in self.progress.slots if slot.position == place.position)

    def record(self, slot: Slot) -> None:
        """Replace what is known of one slot, by one atomic rename (StorageError when the disk is full)."""
        slots = tuple(slot if one.position == slot.position else one for one in self.progress.slots)
        progress = replace(self.progress, slots=slots)
        write_json(self.path / STATE, progress)
        self.progress = progress

    def label(self, place: Place) -> dict[str, dict[str, object]]:
        """What a run at `place` carries in its environment."""
        return {LABEL: {"id": self.planned.id, "position": place.position, "block": place.block, "arm": place.arm}}


def create_experiment(experiments: Path, planned: Planned) -> ExperimentFolder:
    """A new folder with the plan and an empty state (StorageError when it cannot be made).

    The plan gets its name last: a folder that a killed workbench left without one is no experiment, and that of a
    confirmation is taken again.
    """
    path = experiments / (planned.id if planned.confirms is None else f"{planned.confirms}/{CONFIRMATION}")
    with storage(path):
        path.mkdir(parents=True, exist_ok=planned.confirms is not None and not (path / PLAN).exists())
    draft = path / f".{PLAN}"
    write_json(draft, planned)
    slots = tuple(Slot(position=place.position) for place in planned.places)
    progress = Progress(id=planned.id, plan_digest=sha256(draft), slots=slots)
    write_json(path / STATE, progress)
    with storage(path):
        draft.replace(path / PLAN)
    return ExperimentFolder(path, planned, progress)


def confirmation_of(folder: ExperimentFolder) -> ExperimentFolder | None:
    """The runs that confirm the winner of an experiment; None when none were planned (ResultError when damaged)."""
    path = folder.path / CONFIRMATION
    return _load(path) if (path / PLAN).is_file() else None


def names_experiment(experiments: Path, name: str) -> bool:
    """Whether a name means an experiment: its folder, its id or a part of one (`last` means the last run)."""
    if (Path(name) / PLAN).is_file():
        return True
    return name != "last" and any(name in path.name for path in experiments.glob("*"))


def open_experiment(experiments: Path, name: str) -> ExperimentFolder:
    """The experiment called `name`: a folder's path, an id, an unambiguous part of one, or `last`.

    Raises
    ------
    ResultError
        There is none, or several; its plan or state is missing, damaged, or not that of this experiment.
    """
    path = Path(name)
    if (path / PLAN).is_file() or (path / STATE).is_file():
        return _load(path)
    folders = sorted((path for path in experiments.glob("*") if path.is_dir()), key=when_made)
    matches = [path for path in folders if name == "last" or name in path.name]
    exact = matches[-1:] if name == "last" else [path for path in matches if path.name == name]
    if len(exact or matches) == 1:
        return _load((exact or matches)[0])
    if not matches:
        raise ResultError(f"There is no experiment {name!r} in {experiments}", do="Make one with `rushlab tune PLAN`.")
    raise ResultError(f"Experiment {name!r} is ambiguous", f"{len(matches)} match, {matches[-1].name} among them")


def all_experiments(experiments: Path) -> Iterator[ExperimentFolder]:
    """Every whole experiment folder, oldest first; damaged ones are passed over."""
    for path in sorted((path.parent for path in experiments.glob(f"*/{PLAN}")), key=when_made):
        try:
            yield _load(path)
        except ResultError:
            continue


def run_of(folder: ExperimentFolder, place: Place, runs: Path) -> RunFolder:
    """The verified run of a place, whole and unchanged since.

    Raises
    ------
    ResultError
        The run is missing, not verified, changed, or another one than the plan's.
    """
    slot = folder.slot(place)
    if slot.run is None:
        raise ResultError(f"{_where(place)} has no run", f"it is {slot.state}")
    if not (runs / slot.run / RECORD).is_file():
        raise ResultError(f"Run {slot.run} of {_where(place)} is missing", f"it is not in {runs}")
    found = open_run(runs, str(runs / slot.run))
    if foreign := _foreign(folder, place, found.record):
        raise ResultError(f"Run {slot.run} is not that of {_where(place)}", foreign)
    if found.record.state is not State.VERIFIED:
        raise ResultError(f"Run {slot.run} of {_where(place)} has no result", f"it is {found.record.state}")
    changed = [RECORD] if digest(found) != slot.digest else found.damaged()
    if changed:
        raise ResultError(f"Run {slot.run} of {_where(place)} was changed after it was verified", ", ".join(changed))
    return found


def digest(run: RunFolder) -> str:
    """SHA-256 of a run's record, by which a later change is noticed (the record has those of its other files)."""
    return sha256(run.path / RECORD)


def run_left_behind(folder: ExperimentFolder, place: Place, runs: Path) -> RunFolder | None:
    """A verified run of this place that a killed workbench did not come to record."""
    for found in all_runs(runs):
        if found.record.state is State.VERIFIED and not _foreign(folder, place, found.record) and not found.damaged():
            return found
    return None


def _load(path: Path) -> ExperimentFolder:
    try:
        planned, progress = read_json(path / PLAN, Planned), read_json(path / STATE, Progress)
    except UsageError as error:
        raise ResultError(f"The plan of experiment {path.name} cannot be", error.sentence) from None
    if sha256(path / PLAN) != progress.plan_digest:
        raise ResultError(f"The plan of experiment {path.name} was changed after it was written", str(path / PLAN))
    if planned.id != progress.id or [slot.position for slot in progress.slots] != [p.position for p in planned.places]:
        raise ResultError(f"The state of experiment {path.name} is that of another one", str(path / STATE))
    return ExperimentFolder(path, planned, progress)


def _foreign(folder: ExperimentFolder, place: Place, run: Run) -> str:
    """Why `run` cannot be the one that was planned for this place; empty = it is."""
    plan, label = folder.planned.plan, run.environment.get(LABEL) or {}
    if label.get("id") != folder.planned.id:
        return f"it was made for {label.get('id') or 'no experiment'}"
    if label.get("position") != place.position:
        where = f"block {label.get('block')}, {label.get('arm')!r}"
        return f"it was made for position {label.get('position')} of this experiment, {where}"
    wanted = plan.arm(place.arm).variant.settings
    for knob, value in wanted.items():
        if run.knobs.get(knob) != value:
            return f"its {knob} is {run.knobs.get(knob)}, not {value}"
    if (run.profile, run.scale, run.load.model) != (plan.load.profile, plan.load.scale, plan.load.model):
        return "its profile or scale is another one"
    return ""


def _where(place: Place) -> str:
    return "the settling run" if place.settling else f"block {place.block}, {place.arm!r}"
