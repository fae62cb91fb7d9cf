"""What `rushlab compare` is told to compare: a run, an arm, a whole experiment; and how alike two of them are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rushlab.flows.experiments import open_result
from rushlab.flows.measured import of_run
from rushlab.flows.single import find_verified
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import ResultError, UsageError
from rushlab.model.experiment_result import ExperimentResult, MeasuredRun
from rushlab.model.plan import MARGIN, Operating
from rushlab.model.variant import unknown
from rushlab.show.sides import side
from rushlab.world.experiments import digest, names_experiment, open_experiment

#: What a run is judged by when nothing else is said.
DEFAULT_METRIC = "accept_p95_ms"
#: What must be the same where two figures shall mean the same.
KEYS = ("host", "backend", "profile", "scale", "load model", "versions")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is compared: a run, an arm's runs, or (`result` without `arm`) a whole experiment."""

    name: str
    runs: tuple[MeasuredRun, ...]
    facts: dict[str, Any]
    load: Operating
    result: ExperimentResult | None = None
    arm: str | None = None
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return self.result is not None and self.arm is None

    @property
    def experiment(self) -> str | None:
        return self.result.experiment if self.result else None

    @property
    def wrong(self) -> tuple[str, ...]:
        """The invariants that failed in some run of it."""
        return tuple(sorted({invariant for run in self.runs for invariant in run.wrong}))

    @property
    def checks(self) -> dict[str, str]:
        """The status of each check by id: the experiment's, or the run's own."""
        if self.result:
            return {check.id: str(check.status) for check in self.result.checks}
        return {name: status for run in self.runs for name, status in run.checks.items() if name.startswith("V")}

    @property
    def facts_behind(self) -> tuple[str, ...]:
        """What stands behind its figures, a line each."""
        seed = self.result.seed if self.result else None
        return tuple(side(self.name, self.runs, self.checks, self.hashes, order_seed=seed))

    @property
    def metric(self) -> str:
        return self.result.metric if self.result else DEFAULT_METRIC

    @property
    def margin(self) -> float:
        return self.result.margin if self.result else MARGIN


def find_subject(bench: Workbench, name: str) -> Subject:
    """What `name` means: `EXPERIMENT:ARM`, an experiment, or a run (`last` is the last run).

    Raises
    ------
    ResultError
        There is nothing of that name, it has no result, or it is not whole.
    UsageError
        The experiment has no such arm.
    """
    experiment, colon, arm = name.partition(":")
    if colon:
        return _arm(bench, experiment, arm)
    if names_experiment(bench.settings.experiments, name):
        return find_experiment(bench, name)
    return _run(bench, name)


def require_groups(before: Subject, after: Subject) -> None:
    """Refuse a whole experiment beside a run or an arm: its arms are different settings, and no group of runs."""
    for one in (before, after):
        if one.whole and not (before.whole and after.whole):
            what = f"{before.name} and {after.name} cannot be compared"
            raise UsageError(what, f"{one.name} is a whole experiment: name an arm", f"Write {one.name}:ARM.")


def unlike(before: Subject, after: Subject) -> dict[str, tuple[Any, Any]]:
    """Key → both values, for every key that differs."""
    pairs = {key: (before.facts.get(key), after.facts.get(key)) for key in KEYS}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def differences(before: Subject, after: Subject, *, anyway: bool) -> Iterator[str]:
    """A sentence for every key that differs (ResultError at the first unless `anyway`)."""
    for key, (first, second) in unlike(before, after).items():
        what = f"their {key} differs: {_differing(first, second)}"
        if not anyway:
            raise ResultError(
                f"{before.name} and {after.name} cannot be compared", what, "To see it all the same: --anyway."
            )
        yield f"compared anyway although {what}"


def _differing(first: Any, second: Any) -> str:
    if isinstance(first, dict) and isinstance(second, dict):
        names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
        return ", ".join(f"{name} {first.get(name)} and {second.get(name)}" for name in names)
    return f"{first} and {second}"


def _arm(bench: Workbench, experiment: str, arm: str) -> Subject:
    whole = find_experiment(bench, experiment)
    assert whole.result is not None  # an experiment's subject has one
    names = [one.name for one in whole.result.arms]
    if arm not in names:
        raise unknown(f"Arm of {whole.name}", arm, names)
    return of_arm(whole.result, whole, arm)


def of_arm(result: ExperimentResult, whole: Subject, arm: str) -> Subject:
    """One arm of a whole experiment."""
    runs = tuple(run for run in result.runs if run.arm == arm)
    return Subject(f"{whole.name}:{arm}", runs, whole.facts, whole.load, result, arm, result.hashes)


def find_experiment(bench: Workbench, name: str) -> Subject:
    """The experiment of that name, whole."""
    folder = open_experiment(bench.settings.experiments, name)
    result = open_result(bench, str(folder.path))
    facts = _facts(result.environment, folder.planned.plan.load)
    return Subject(result.experiment, result.runs, facts, folder.planned.plan.load, result, None, result.hashes)


def _run(bench: Workbench, name: str) -> Subject:
    folder = find_verified(bench, name)
    record = folder.record
    bare = MeasuredRun(block=1, position=1, arm=record.variant, run=record.id)
    load = Operating(profile=record.profile, scale=record.scale, model=record.load.model)
    facts, hashes = _facts(record.environment, load), {record.id: digest(folder)}
    return Subject(record.id, (of_run(bare, folder),), facts, load, hashes=hashes)


def _facts(environment: dict[str, Any], load: Operating) -> dict[str, Any]:
    peak = load.profile.peak_vus
    return {
        "host": environment.get("host"),
        "backend": environment.get("backend"),
        "profile": f"{load.profile.name} (up to {peak:,})",
        "scale": load.scale,
        "load model": load.model,
        "versions": environment.get("versions"),
    }
