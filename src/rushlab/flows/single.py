"""One run from the command line or a notebook: drive it, find it, look at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from rushlab.flows.figures import outcome_of
from rushlab.flows.live import refuse_unknown_parameters
from rushlab.flows.recorded import require_verified
from rushlab.flows.studies import gather, open_view
from rushlab.flows.workbench import Listener, Silent, Workbench
from rushlab.judge import thresholds, validity
from rushlab.model.errors import Interrupted
from rushlab.model.profile import Model, parse_scale
from rushlab.model.variant import KnobValue
from rushlab.model.verdict import ExitCode
from rushlab.show.views import RunView, Study
from rushlab.world import points_load
from rushlab.world.faults import parse_fault
from rushlab.world.folders import RunFolder, open_run

if TYPE_CHECKING:
    from rushlab.flows.order import Order

__all__ = ["exit_code", "find_run", "find_verified", "open_study", "open_view", "parse_order", "run_json", "run_once"]


def parse_order(
    bench: Workbench,
    profile: str,
    variant: str = "recommended",
    changes: dict[str, KnobValue] | None = None,
    *,
    scale: str | float = "full",
    model: Model = "closed",
    seed: int = 1,
    faults: Iterable[str] = (),
) -> Order:
    """An order from names as a user writes them (UsageError for an unknown one)."""
    from rushlab.flows.order import Order  # a page of a run that is there needs no server's client

    planned = tuple(parse_fault(text) for text in faults)
    knobs = bench.variant(variant, changes)
    return Order(bench.profile(profile), knobs, parse_scale(scale), model, seed, faults=planned)


def run_once(bench: Workbench, order: Order, *, backend: str = "native", listener: Listener | None = None) -> RunFolder:
    """Start the stack, make one run, stop the stack (one that `rushlab up` started stays up)."""
    from rushlab.flows.driving import running_stack
    from rushlab.flows.order import require_room
    from rushlab.flows.run import execute

    listener = listener or Silent()
    require_room(bench, [order])
    try:
        with running_stack(bench, backend, listener) as stack:
            return execute(bench, stack, order, listener)
    except KeyboardInterrupt:
        why = "what k6 and the servers had written is kept, and is no result"
        raise Interrupted("The run was interrupted", why, "`rushlab ls` names its folder.") from None


def find_run(bench: Workbench, name: str) -> RunFolder:
    """The run called `name`: an id, a part of one, a folder, or `last`."""
    return open_run(bench.settings.runs, name)


def find_verified(bench: Workbench, name: str) -> RunFolder:
    """The run called `name`, if it came to its end and nothing of it was changed since (else ResultError)."""
    folder = find_run(bench, name)
    require_verified(folder)
    return folder


def open_study(run: str = "last") -> Study:
    """The study of a notebook about one run (an id, a part of one, a folder, or `last`).

    Raises
    ------
    ResultError
        There is no such run, it has no result, or its artefacts were changed.
    """
    refuse_unknown_parameters(("run",))
    bench = Workbench.open()
    study, folder = gather(bench, [run]), find_run(bench, run)
    return _with_answers(study, folder)


def _with_answers(study: Study, folder: RunFolder) -> Study:
    """The study of one run, with what was answered second by second: only its own page draws that."""
    (view,) = study
    answers = points_load.outcomes_per_second(folder.points, folder.record.timing.begun, outcome_of)
    whole = dataclasses.replace(view, answers=answers)
    return dataclasses.replace(study, variants={view.run.variant: {view.run.profile.name: whole}})


def run_json(view: RunView) -> dict[str, Any]:
    """The run as JSON (shape: docs/schemas/run.schema.json)."""
    fields: dict[str, Any] = msgspec.to_builtins(view.run)
    return fields


def exit_code(view: RunView, *, strict: bool = False) -> ExitCode:
    """5 an invariant failed, 4 INVALID (with `strict` also UNKNOWN), 3 a threshold missed, else 0."""
    return validity.exit_code(
        validities=[view.validity],
        audits=[view.audit],
        threshold_missed=view.figures is not None and thresholds.missed(view.figures.thresholds),
        strict=strict,
    )
