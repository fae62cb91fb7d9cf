"""Brings faults about at their planned moments while the load runs; each is recorded with its beginning and its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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


@contextmanager
def prepared(backend: object, target: Target, planned: Sequence[Planned], step: Step) -> Iterator[None]:
    """What the planned faults need, while this is entered: from before the load until the evidence is collected.

    A disk that is to be full is moved once before the load, and back only when nobody looks any more.

    Raises
    ------
    UsageError
        This backend's processes cannot be broken, it has none of a name that is planned, or no disk can be filled.
    StackError
        A server did not come up again after its data was moved.
    """
    if planned and not isinstance(backend, Breakable):
        raise UsageError("This backend's processes cannot be broken on purpose", do="Use the native backend.")
    with ExitStack() as disks:
        if planned:
            breakable = cast(Breakable, backend)
            _require_there(breakable, planned)
            for name in sorted({one.process for one in planned if one.what == "disk-full"}):
                disks.enter_context(faults_disk.small_disk(breakable, target, name, step))
        yield


class Injector:
    """Brings the planned faults about while it is entered; `done` says what was done. Inside `prepared`.

    Leaving waits for those that are under way: whatever was stopped goes on again, what was killed is there again.

    Raises
    ------
    StackError
        On leaving: a process to be broken was not there any more, or did not come up again.
    """

    def __init__(self, backend: object, target: Target, planned: Sequence[Planned], step: Step) -> None:
        self._backend = cast(Breakable, backend)
        self._target, self._step = target, step
        self._planned = sorted(planned, key=lambda one: one.after_s)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._inject, name="faults", daemon=True)
        self._problem: RushlabError | None = None
        self.done: tuple[Fault, ...] = ()

    def __enter__(self) -> Self:
        if self._planned:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._planned:
            self._thread.join()
        if self._problem is not None and error is None:
            raise self._problem

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


def _require_there(backend: Breakable, planned: Sequence[Planned]) -> None:
    """A name that nobody has is told before the load, not after it."""
    names = {running.name for running in backend.processes.found()}
    for one in planned:
        if KINDS[one.what].processes and one.process not in names:
            raise UsageError(f"There is no {one.process} to be broken", f"there are {', '.join(sorted(names))}")
