"""The runs of an experiment with their metrics, or with the objection to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from rushlab.flows.measures import measures_of
from rushlab.flows.workbench import Workbench
from rushlab.judge.validity import DECISIVE
from rushlab.model.errors import PointsError, ResultError
from rushlab.model.experiment import OPEN, Place, SlotState
from rushlab.model.experiment_result import MeasuredRun
from rushlab.model.run import Run
from rushlab.model.verdict import Check, Status, Validity
from rushlab.world.experiments import ExperimentFolder, run_of
from rushlab.world.folders import RunFolder

#: Invariants that are undecided while events are still on their way.
UNDRAINED = frozenset({"I8", "I9"})


def settled(bench: Workbench, folder: ExperimentFolder) -> Iterator[MeasuredRun]:
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
    if not backlog or run.timing.drained is not None or run.verdict is None or run.audit is None:
        return False
    undecided = _unknown(run.audit.invariants)
    return _unknown(run.verdict.checks) & DECISIVE == {"V3"} and bool(undecided) and undecided <= UNDRAINED


def _unknown(made: Iterable[Check]) -> set[str]:
    return {check.id for check in made if check.status is Status.UNKNOWN}


def _statuses(run: Run) -> dict[str, str]:
    made = [*(run.verdict.checks if run.verdict else ()), *(run.audit.invariants if run.audit else ())]
    return {check.id: str(check.status) for check in made}
