"""One run from the command line or a notebook: drive it, find it, look at it."""

from __future__ import annotations

from typing import Any

import msgspec

from rushlab.flows.run import Order, execute
from rushlab.flows.studies import open_view
from rushlab.flows.workbench import Listener, Silent, Workbench
from rushlab.judge import thresholds, validity
from rushlab.model.profile import Model, parse_scale
from rushlab.model.variant import KnobValue
from rushlab.model.verdict import ExitCode
from rushlab.show.views import RunView
from rushlab.world.folders import RunFolder, open_run

__all__ = ["exit_code", "find_run", "open_view", "parse_order", "run_json", "run_once"]


def parse_order(
    bench: Workbench,
    profile: str,
    variant: str = "recommended",
    changes: dict[str, KnobValue] | None = None,
    *,
    scale: str | float = "full",
    model: Model = "closed",
    seed: int = 1,
) -> Order:
    """An order from names as a user writes them (UsageError for an unknown one)."""
    return Order(bench.profile(profile), bench.variant(variant, changes), parse_scale(scale), model, seed)


def run_once(bench: Workbench, order: Order, *, backend: str = "native", listener: Listener | None = None) -> RunFolder:
    """Start the stack, make one run, stop the stack."""
    listener = listener or Silent()
    stack = bench.backend(backend)
    with bench.driving():
        try:
            stack.up(listener.step)
            return execute(bench, stack, order, listener)
        finally:
            stack.down(listener.step)


def find_run(bench: Workbench, name: str) -> RunFolder:
    """The run called `name`: an id, a part of one, a folder, or `last`."""
    return open_run(bench.settings.runs, name)


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
