"""Drives profiles against variants one after the other; a failed one does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rushlab.flows.order import Order, require_room
from rushlab.flows.run import execute
from rushlab.flows.workbench import Listener, Workbench
from rushlab.model.errors import Interrupted, RushlabError, StorageError
from rushlab.world.folders import RunFolder
from rushlab.world.k6 import find_k6
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
    PortTaken
        The port asked for k6's REST API is taken.
    StorageError, Interrupted
        These stop everything: the next run would fail alike, or the user wants it to end. The sentence
        names the runs that are kept.
    """
    driven = Driven([], [])
    plan = orders(bench, order)
    require_room(bench, plan)
    try:
        with running_stack(bench, order.backend, listener) as backend:
            for position, one in enumerate(plan, start=1):
                listener.step(f"[{position}/{len(plan)}] {one.profile.name} · {one.variant.name}")
                driven.add(bench, backend, one, listener)
    except (KeyboardInterrupt, StorageError) as stop:
        if driven.runs:
            raise _stopped(driven, len(plan), stop) from None
        raise
    return driven


@contextmanager
def running_stack(bench: Workbench, name: str, listener: Listener) -> Iterator[Backend]:
    """The stack, up, in this workbench's hands; one that `rushlab up` started stays up afterwards.

    Servers that a killed run left behind are used and then stopped: nobody asked for them to stay.
    """
    find_k6()
    backend = bench.backend(name)
    with bench.driving():
        stays = bench.stays_up(backend)
        try:
            backend.up(listener.step)
            yield backend
        finally:
            if not stays:
                backend.down(listener.step)


def _stopped(driven: Driven, planned: int, stop: BaseException) -> RushlabError:
    """What was kept, and the command that reports on it."""
    why = stop.sentence if isinstance(stop, RushlabError) else "interrupted"
    names = " ".join(f"--from {folder.record.id}" for folder in driven.runs)
    what = f"The report was stopped after {len(driven.runs)} of {planned} runs"
    do = f"The runs that ended are kept; report on them with: rushlab report {names}"
    return StorageError(what, why, do) if isinstance(stop, StorageError) else Interrupted(what, why, do)


def orders(bench: Workbench, order: ReportOrder) -> list[Order]:
    """The runs of a report: variant by variant, profile by profile, repeats back to back."""
    return [
        Order(bench.profile(profile), bench.variant(variant), order.scale, seed=seed + 1)
        for variant in order.variants
        for profile in order.profiles
        for seed in range(order.repeat)
    ]
