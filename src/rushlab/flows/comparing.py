"""`rushlab compare A B`: runs, arms of experiments, whole experiments; refused, with the key, when they are unlike."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rushlab.flows.comparing_pairs import judged, labelled, of_one_experiment, paired, shared, unpaired
from rushlab.flows.comparing_subjects import Subject, differences, find_experiment, find_subject, require_groups
from rushlab.flows.experiments import runs_exit_code
from rushlab.flows.live import refuse_unknown_parameters
from rushlab.flows.workbench import Workbench
from rushlab.model.comparison import Comparison, Outcome
from rushlab.model.errors import ResultError, UsageError
from rushlab.model.metric import find_metric
from rushlab.model.verdict import ExitCode
from rushlab.show.pair import Pair
from rushlab.world.baselines import Baseline, find_baseline, name_baseline


@dataclass(frozen=True, slots=True)
class Compared:
    """Two subjects and what came of them, metric by metric."""

    before: Subject
    after: Subject
    comparisons: tuple[Comparison, ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """What stands behind both: checks, audits, exclusions, seed and hashes, a line each."""
        return (*self.before.facts_behind, *self.after.facts_behind)

    @property
    def exit_code(self) -> ExitCode:
        """That of the runs of both: what a comparison found is no failure, a broken invariant is."""
        return runs_exit_code((*self.before.runs, *self.after.runs))


def compare_two(bench: Workbench, first: str, second: str, *, anyway: bool = False) -> tuple[Comparison, ...]:
    """The comparisons of `compare_subjects`."""
    return compare_subjects(bench, first, second, anyway=anyway).comparisons


def compare_subjects(bench: Workbench, first: str, second: str, *, anyway: bool = False) -> Compared:
    """`second` against `first`, metric by metric; arms of one experiment are paired over its blocks.

    Two experiments are compared arm by arm. What was not interleaved has a ratio and no verdict, nor has anything
    beside an arm that broke an invariant.

    Raises
    ------
    ResultError
        They differ in a key of KEYS and `anyway` was not said.
    UsageError
        Both are the same, or one is a whole experiment and the other is not.
    """
    before, after = find_subject(bench, first), find_subject(bench, second)
    if before.name == after.name:
        raise UsageError("There is nothing to compare", f"both are {before.name}")
    require_groups(before, after)
    said = tuple(differences(before, after, anyway=anyway))
    if of_one_experiment(before, after):
        return Compared(before, after, paired(bench, before, after))
    pairs = shared(before, after) if before.whole and after.whole else [(before, after)]
    found = tuple(labelled(one, said) for pair in pairs for one in unpaired(bench, *pair))
    if not found:
        raise ResultError(
            f"{first} and {second} share nothing that can be compared", "no setting, or no metric, is in both"
        )
    return Compared(before, after, found)


def open_pair(first: str, second: str, *, anyway: bool = False) -> Pair:
    """Two experiments side by side, for a notebook; refused when they are unlike unless `anyway`."""
    refuse_unknown_parameters(("first", "second", "anyway"))
    bench = Workbench.open()
    before, after = find_experiment(bench, first), find_experiment(bench, second)
    said = tuple(differences(before, after, anyway=anyway))
    if before.result is None or after.result is None:
        raise ResultError("Two experiments are wanted")
    both = tuple(one for pair in shared(before, after) for one in unpaired(bench, *pair))
    return Pair(before.result, after.result, said, both)


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
    held_to = find_metric(metric).name if metric else found.metric
    if why := _unfit(found, held_to):
        raise ResultError(f"{subject} cannot be a baseline", why)
    share = found.margin if margin is None else margin
    if not 0 < share < 1:
        raise UsageError(f"Margin {share:g} is none", "a margin is a share between 0 and 1 (0.1 is 10 %)")
    kept = Baseline(subject=found.name, metric=held_to, margin=share, created=time.time())
    name_baseline(bench.settings.baselines, name, kept)
    return kept


def _unfit(subject: Subject, metric: str) -> str | None:
    """Why nothing can be held against it by `metric`, if nothing can."""
    if subject.wrong:
        return f"{', '.join(subject.wrong)} failed in it"
    if any(run.objection is None and run.values.get(metric) for run in subject.runs):
        return None
    return next((run.objection for run in subject.runs if run.objection), f"it has no {metric} above 0")


def compare_named(bench: Workbench, name: str, subject: str, *, anyway: bool = False) -> tuple[Comparison, ExitCode]:
    """`subject` against the baseline `name`, and the exit code; without a verdict nothing passes.

    5 and 4 of its runs first (5 of the baseline's too), 1 when there is no verdict, 3 when it is worse.

    Raises
    ------
    ResultError
        There is no such baseline or subject, or they are unlike and `anyway` was not said.
    UsageError
        The subject is a whole experiment.
    """
    kept = find_baseline(bench.settings.baselines, name)
    after = find_subject(bench, subject)
    before = find_subject(bench, kept.subject)
    require_groups(before, after)
    said = tuple(differences(before, after, anyway=anyway))
    found = labelled(judged(bench, before, after, kept.metric, kept.margin), said)
    return found, _exit_code(found, before, after)


def _exit_code(found: Comparison, before: Subject, after: Subject) -> ExitCode:
    code = ExitCode.INVARIANT_FAILED if before.wrong else runs_exit_code(after.runs)
    if code is not ExitCode.OK:
        return code
    if found.verdict is None:
        return ExitCode.NO_RESULT
    return ExitCode.THRESHOLD_MISSED if found.verdict is Outcome.WORSE else ExitCode.OK
