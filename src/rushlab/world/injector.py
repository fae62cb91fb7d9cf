"""Brings faults about at their planned moments while the load runs; each is recorded with its beginning and its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self, cast

from rushlab.model.errors import RushlabError, UsageError
from rushlab.model.run import Fault
from rushlab.world import faults_disk, faults_processes, faults_topic
from rushlab.world.faults import KINDS, Planned, What
from rushlab.world.faults_processes import Breakable
from rushlab.world.stack.backend import Step, Target

#: Does one fault from its beginning to its end. The event says that the load is over: what can end early then does.
Action = Callable[[Breakable, Target, Planned, threading.Event, Step], Fault]

ACTIONS: dict[What, Action] = {
    "kill": faults_processes.kill,
    "pause": faults_processes.pause,
    "slow": faults_processes.slow,
    "disk-full": faults_disk.fill,
    "rebalance": faults_topic.rebalance,
    "poison": faults_topic.poison,
}


class Injector:
    """Brings the planned faults about while it is entered; `done` says what was done.

    Leaving waits for those that are under way: whatever was stopped goes on again, what was killed is there again.

    Raises
    ------
    UsageError
        On entering: this backend's processes cannot be broken, or it has none of a name that is planned.
    StackError
        On entering: a small disk could not be prepared. On leaving: a process to be broken was not there any more, or
        did not come up again.
    """

    def __init__(self, backend: object, target: Target, planned: Sequence[Planned], step: Step) -> None:
        if planned and not isinstance(backend, Breakable):
            raise UsageError("This backend's processes cannot be broken on purpose", do="Use the native backend.")
        self._backend = cast(Breakable, backend)
        self._target, self._step = target, step
        self._planned = sorted(planned, key=lambda one: one.after_s)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._inject, name="faults", daemon=True)
        self._prepared = ExitStack()
        self._problem: RushlabError | None = None
        self.done: tuple[Fault, ...] = ()

    def __enter__(self) -> Self:
        if self._planned:
            self._require_there()
            self._prepare_disks()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._planned:
            self._thread.join()
        self._prepared.close()
        if self._problem is not None and error is None:
            raise self._problem

    def _require_there(self) -> None:
        """A name that nobody has is told before the load, not after it."""
        names = {running.name for running in self._backend.processes.found()}
        for one in self._planned:
            if KINDS[one.what].processes and one.process not in names:
                raise UsageError(f"There is no {one.process} to be broken", f"there are {', '.join(sorted(names))}")

    def _prepare_disks(self) -> None:
        names = {one.process for one in self._planned if one.what == "disk-full"}
        with ExitStack() as prepared:
            for name in sorted(names):
                prepared.enter_context(faults_disk.small_disk(self._backend, self._target, name, self._step))
            self._prepared = prepared.pop_all()

    def _inject(self) -> None:
        began = time.monotonic()
        try:
            for one in self._planned:
                if self._over.wait(max(0.0, began + one.after_s - time.monotonic())):
                    return
                self._step(f"{one.what} {one.process}")
                fault = ACTIONS[one.what](self._backend, self._target, one, self._over, self._step)
                self.done = (*self.done, fault)
        except RushlabError as error:
            self._problem = error
