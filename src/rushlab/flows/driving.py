"""Drives profiles against variants one after the other; a failed one does not stop the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rushlab.flows.run import Order, execute
from rushlab.flows.workbench import Listener, Workbench
from rushlab.model.errors import RushlabError, StorageError
from rushlab.world.folders import RunFolder
from rushlab.world.stack.backend import Backend

if TYPE_CHECKING:
    from rushlab.flows.report import ReportOrder


@dataclass(frozen=True, slots=True)
class Driven:
    """Verified runs in order, and a sentence for each run that failed (the report is then partial)."""

    runs: list[RunFolder]
    missing: list[str]

    def add(self, bench: Workbench, backend: Backend, order: Order, listener: Listener) -> None:
        """Make one more run; its failure is a sentence, a full disk or Ctrl-C ends everything."""
        try:
            self.runs.append(execute(bench, backend, order, listener))
        except StorageError:
            raise
        except RushlabError as error:
            self.missing.append(f"{order.profile.name} · {order.variant.name}: {error.sentence}")
            listener.step(f"failed: {error.sentence}")


def drive_all(bench: Workbench, order: ReportOrder, listener: Listener) -> Driven:
    """Every profile of every variant, each from a fresh state.

    Raises
    ------
    StorageError, KeyboardInterrupt
        These stop everything: the next run would fail alike, or the user wants it to end.
    """
    backend = bench.backend(order.backend)
    driven = Driven([], [])
    plan = orders(bench, order)
    with bench.driving():
        try:
            backend.up(listener.step)
            for position, one in enumerate(plan, start=1):
                listener.step(f"[{position}/{len(plan)}] {one.profile.name} · {one.variant.name}")
                driven.add(bench, backend, one, listener)
        finally:
            backend.down(listener.step)
    return driven


def orders(bench: Workbench, order: ReportOrder) -> list[Order]:
    """The runs of a report: variant by variant, profile by profile, repeats back to back."""
    return [
        Order(bench.profile(profile), bench.variant(variant), order.scale, seed=seed + 1)
        for variant in order.variants
        for profile in order.profiles
        for seed in range(order.repeat)
    ]
