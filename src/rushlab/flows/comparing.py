"""`rushlab compare A B`: runs, arms of experiments, whole experiments; refused, with the key, when they are unlike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from rushlab.flows.experiments import last_noise, of_run, open_result, runs_exit_code
from rushlab.flows.live import refuse_unknown_parameters
from rushlab.flows.single import find_verified
from rushlab.flows.workbench import Workbench
from rushlab.judge.comparison import Question, compare_all
from rushlab.judge.experiment import question
from rushlab.judge.unpaired import Groups, compare_groups
from rushlab.model.comparison import Comparison, Outcome
from rushlab.model.errors import ResultError, UsageError
from rushlab.model.experiment_result import ExperimentResult, MeasuredRun, Noise
from rushlab.model.metric import METRICS, find_metric
from rushlab.model.plan import MARGIN, Operating
from rushlab.model.variant import unknown
from rushlab.model.verdict import ExitCode
from rushlab.show.pair import Pair
from rushlab.world.baselines import Baseline, find_baseline, name_baseline
from rushlab.world.experiments import names_experiment, open_experiment

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

    @property
    def whole(self) -> bool:
        return self.result is not None and self.arm is None

    @property
    def experiment(self) -> str | None:
        return self.result.experiment if self.result else None

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
        return _experiment(bench, name)
    return _run(bench, name)


def compare_two(bench: Workbench, first: str, second: str, *, anyway: bool = False) -> tuple[Comparison, ...]:
    """`second` against `first`, metric by metric; arms of one experiment are paired over its blocks.

    Two experiments are compared arm by arm. What was not interleaved has a ratio and no verdict.

    Raises
    ------
    ResultError
        They differ in a key of KEYS and `anyway` was not said.
    """
    before, after = find_subject(bench, first), find_subject(bench, second)
    said = tuple(_unlike(before, after, anyway=anyway))
    if before.experiment is not None and before.experiment == after.experiment and before.arm and after.arm:
        return _paired(bench, before, after)
    if before.whole and after.whole:
        found = tuple(one for pair in _shared(before, after) for one in _unpaired(bench, *pair))
    else:
        found = tuple(_unpaired(bench, before, after))
    if not found:
        raise ResultError(
            f"{first} and {second} share nothing that can be compared", "no setting, or no metric, is in both"
        )
    return tuple(_labelled(one, said) for one in found)


def compare_with_baseline(
    bench: Workbench, before: Subject, after: Subject, metric: str, margin: float, *, anyway: bool = False
) -> Comparison:
    """A run or arm against a recorded baseline by one metric, with a verdict (see `judge.unpaired`)."""
    said = tuple(_unlike(before, after, anyway=anyway))
    found = compare_groups(_groups(before, after, metric, margin), _noise(bench, before, metric), judged=True)
    return _labelled(found, said)


def open_pair(first: str, second: str, *, anyway: bool = False) -> Pair:
    """Two experiments side by side, for a notebook; refused when they are unlike unless `anyway`."""
    refuse_unknown_parameters(("first", "second", "anyway"))
    bench = Workbench.open()
    before, after = _experiment(bench, first), _experiment(bench, second)
    said = tuple(_unlike(before, after, anyway=anyway))
    if before.result is None or after.result is None:
        raise ResultError("Two experiments are wanted")
    shared = tuple(one for pair in _shared(before, after) for one in _unpaired(bench, *pair))
    return Pair(before.result, after.result, said, shared)


def unlike(before: Subject, after: Subject) -> dict[str, tuple[Any, Any]]:
    """Key → both values, for every key that differs."""
    pairs = {key: (before.facts.get(key), after.facts.get(key)) for key in KEYS}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _unlike(before: Subject, after: Subject, *, anyway: bool) -> Iterator[str]:
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


def _paired(bench: Workbench, before: Subject, after: Subject) -> tuple[Comparison, ...]:
    """Two arms of one experiment, paired over its blocks."""
    assert before.result and before.arm and after.arm  # narrowed by the caller
    plan = open_experiment(bench.settings.experiments, before.result.experiment).planned.plan
    if before.arm == after.arm:
        raise UsageError("There is nothing to compare", f"both are {before.name}")
    runs = [run for run in before.result.runs if run.arm in (before.arm, after.arm)]
    asked = [question(plan, runs, metric, baseline=before.arm) for metric in plan.metrics]
    return compare_all(one for one in asked if _has_both(one))


def _has_both(asked: Question) -> bool:
    return asked.runs.dropna(subset=["value"])["variant"].nunique() == 2


def _unpaired(bench: Workbench, before: Subject, after: Subject) -> Iterator[Comparison]:
    for metric in METRICS:
        groups = _groups(before, after, metric, before.margin)
        if groups.before and groups.after:
            yield compare_groups(groups, _noise(bench, before, metric))


def _groups(before: Subject, after: Subject, metric: str, margin: float) -> Groups:
    known = [
        [value for run in one.runs if run.objection is None and (value := run.values.get(metric))]
        for one in (before, after)
    ]
    better = before.result.better if before.result and before.result.metric == metric else find_metric(metric).better
    return Groups(before.name, after.name, known[0], known[1], metric, better, margin)


def _noise(bench: Workbench, subject: Subject, metric: str) -> Noise:
    environment = {key: subject.facts[key] for key in ("host", "versions")}
    return last_noise(bench, metric, environment, subject.load)


def _shared(before: Subject, after: Subject) -> Iterator[tuple[Subject, Subject]]:
    """Arms that both experiments have: the same value for every knob, whatever they are called there."""
    if before.result and after.result:
        for arm in before.result.arms:
            same = next((other for other in after.result.arms if other.knobs == arm.knobs), None)
            if same is not None:
                yield _of_arm(before.result, before, arm.name), _of_arm(after.result, after, same.name)


def _labelled(found: Comparison, said: tuple[str, ...]) -> Comparison:
    return replace(found, warnings=(*said, *found.warnings)) if said else found


def _arm(bench: Workbench, experiment: str, arm: str) -> Subject:
    whole = _experiment(bench, experiment)
    assert whole.result is not None  # an experiment's subject has one
    names = [one.name for one in whole.result.arms]
    if arm not in names:
        raise unknown(f"Arm of {whole.name}", arm, names)
    return _of_arm(whole.result, whole, arm)


def _of_arm(result: ExperimentResult, whole: Subject, arm: str) -> Subject:
    runs = tuple(run for run in result.runs if run.arm == arm)
    return Subject(f"{whole.name}:{arm}", runs, whole.facts, whole.load, result, arm)


def _experiment(bench: Workbench, name: str) -> Subject:
    folder = open_experiment(bench.settings.experiments, name)
    result = open_result(bench, str(folder.path))
    facts = _facts(result.environment, folder.planned.plan.load)
    return Subject(result.experiment, result.runs, facts, folder.planned.plan.load, result)


def _run(bench: Workbench, name: str) -> Subject:
    folder = find_verified(bench, name)
    record = folder.record
    bare = MeasuredRun(block=1, position=1, arm=record.variant, run=record.id)
    load = Operating(profile=record.profile, scale=record.scale, model=record.load.model)
    return Subject(record.id, (of_run(bare, folder),), _facts(record.environment, load), load)


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


def name_subject(bench: Workbench, name: str, subject: str, *, metric: str | None, margin: float | None) -> Baseline:
    """Keep a run or an arm as the baseline `name`; it is held to `metric` within `margin`.

    Raises
    ------
    UsageError
        The metric is not known, the margin is none, or a whole experiment is named.
    ResultError
        There is nothing of that name, or its figures do not count.
    """
    found = find_subject(bench, subject)
    if found.whole:
        raise UsageError(f"{subject} cannot be a baseline", "it is a whole experiment", "Name an arm: EXPERIMENT:ARM.")
    judged = find_metric(metric).name if metric else found.metric
    if not any(run.objection is None and run.values.get(judged) for run in found.runs):
        why = next((run.objection for run in found.runs if run.objection), f"it has no {judged}")
        raise ResultError(f"{subject} cannot be a baseline", why)
    share = found.margin if margin is None else margin
    if not 0 < share < 1:
        raise UsageError(f"Margin {share:g} is none", "a margin is a share between 0 and 1 (0.1 is 10 %)")
    kept = Baseline(subject=found.name, metric=judged, margin=share, created=time.time())
    name_baseline(bench.settings.baselines, name, kept)
    return kept


def compare_named(bench: Workbench, name: str, subject: str, *, anyway: bool = False) -> tuple[Comparison, ExitCode]:
    """`subject` against the baseline `name`, and the exit code: 5 and 4 of its runs first, 3 when it is worse."""
    kept = find_baseline(bench.settings.baselines, name)
    after = find_subject(bench, subject)
    before = find_subject(bench, kept.subject)
    found = compare_with_baseline(bench, before, after, kept.metric, kept.margin, anyway=anyway)
    code = runs_exit_code(after.runs)
    if code is ExitCode.OK and found.verdict is Outcome.WORSE:
        code = ExitCode.THRESHOLD_MISSED
    return found, code
