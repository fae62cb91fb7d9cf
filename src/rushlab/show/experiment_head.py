"""What stands above an experiment's page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.verdict import Status
from rushlab.show import units
from rushlab.show.experiment_words import TONES, verdict
from rushlab.show.html import Head
from rushlab.show.table import Cell
from rushlab.show.tables.cells import TONES as STATUS_TONES
from rushlab.show.tables.origin import commit, machine


def head(result: ExperimentResult) -> Head:
    """Name, load, machine; verdicts and checks counted; what must not be overlooked."""
    facts = (
        ("experiment", result.experiment),
        ("load", f"{result.profile} at scale {result.scale:g}, {result.model} model"),
        ("blocks", f"{result.blocks}, order from seed {result.seed}"),
        ("commit", commit(result.environment) or "not recorded"),
        ("machine", machine(result.environment)),
    )
    return Head(facts, tuple(_badges(result)), tuple(_warnings(result)), result.title, "Read this first.")


def _badges(result: ExperimentResult) -> Iterator[Cell]:
    declared = [one for one in result.comparisons if one.declared]
    for said, number in Counter(verdict(one) for one in declared).items():
        yield Cell(f"{units.plural(number, 'variant')} {said}", number, TONES.get(said, "quiet"))
    for status in Status:
        if number := sum(check.status is status for check in result.checks):
            yield Cell(f"{units.plural(number, 'check')} {status}", number, STATUS_TONES[status])


def _warnings(result: ExperimentResult) -> Iterator[str]:
    if not result.complete:
        yield "The experiment is not complete: only whole blocks count."
    confirmation = result.winner.confirmation if result.winner else None
    if result.winner and result.ranking and confirmation is None:
        yield "The winner is not confirmed by fresh runs: the best of several is biased upward."
    if confirmation and not confirmation.complete:
        yield "The fresh runs that confirm the winner are not all made."
    if result.exploratory:
        yield f"Exploratory: {result.exploratory}."
    for arm in result.arms:
        if arm.red:
            yield f"{arm.name} is outside the ranking: {arm.bar}."
    if left := [run for run in result.runs if run.objection]:
        yield f"{units.plural(len(left), 'run')} of {len(result.runs)} excluded."
