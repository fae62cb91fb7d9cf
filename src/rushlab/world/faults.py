"""Faults on purpose: processes of the stack killed and started again, stopped and continued, and poisonous messages.

They come at planned moments while the load runs, and each is recorded with its beginning and its end.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self, cast, get_args, runtime_checkable

import psutil
from kafka import KafkaProducer
from kafka.errors import KafkaError
from msgspec import Struct

from rushlab.model.errors import RushlabError, StackError, UsageError
from rushlab.model.run import Fault
from rushlab.world.stack.backend import Endpoints, Step, Target
from rushlab.world.stack.endings import wait_gone
from rushlab.world.stack.marks import Running
from rushlab.world.stack.processes import Processes

What = Literal["kill", "pause", "poison"]
WRITTEN = re.compile(r"(?P<what>\w+)(?::(?P<process>[\w-]+))?@(?P<after>\d+(\.\d+)?)(?:\+(?P<lasts>\d+(\.\d+)?))?")
HOW = (
    "A fault is kill:PROCESS@SECONDS+SECONDS (when, and for how long), pause:PROCESS@SECONDS+SECONDS or poison@SECONDS."
)
TOPIC = "topic"
GONE_S = 10.0

#: No event, an event without its user, an event that was never issued, and one as large as a broker takes.
_POISON = (
    b"not an event \xff",
    b'{"event_id": 1}',
    b'{"event_id": 9007199254740993, "coupon_id": %d, "user_id": 1, "accepted_at": "2026-01-01T00:00:00Z"}',
    b"x" * 1_000_000,
)


class Planned(Struct, frozen=True, kw_only=True):
    """One fault to come: `after_s` seconds after the load was started, for `lasts_s` seconds."""

    what: What
    process: str
    after_s: float
    lasts_s: float = 0.0


@runtime_checkable
class Breakable(Protocol):
    """A backend whose processes can be killed and started again."""

    processes: Processes

    def endpoints(self) -> Endpoints:
        """Where the servers listen."""

    def revive(self, name: str, target: Target, step: Step) -> None:
        """Start the process of that name with what it had on disk, wait until it answers; nothing is reset."""


def parse_fault(text: str) -> Planned:
    """A fault as a user writes it: `kill:redis@3+1`, `pause:relay@2+2`, `poison@2` (UsageError for anything else)."""
    found = WRITTEN.fullmatch(text.strip())
    if (
        found is None
        or found["what"] not in get_args(What)
        or (found["process"] is None) != (found["what"] == "poison")
    ):
        raise UsageError(f"{text!r} is no fault", do=HOW)
    return Planned(
        what=cast(What, found["what"]),
        process=found["process"] or TOPIC,
        after_s=float(found["after"]),
        lasts_s=float(found["lasts"] or 0),
    )


class Injector:
    """Brings the planned faults about while it is entered; `done` says what was done.

    Leaving waits for those that are under way: whatever was stopped goes on again, what was killed is there again.

    Raises
    ------
    UsageError
        On entering: this backend's processes cannot be broken.
    StackError
        On leaving: a process to be broken was not there, or did not come up again.
    """

    def __init__(self, backend: object, target: Target, planned: Sequence[Planned], step: Step) -> None:
        if planned and not isinstance(backend, Breakable):
            raise UsageError("This backend's processes cannot be broken on purpose", do="Use the native backend.")
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
                self.done = (*self.done, self._bring_about(one))
        except RushlabError as error:
            self._problem = error

    def _bring_about(self, one: Planned) -> Fault:
        self._step(f"{one.what} {one.process}")
        actions: dict[What, Callable[[Planned], Fault]] = {
            "kill": self._kill,
            "pause": self._pause,
            "poison": self._poison,
        }
        return actions[one.what](one)

    def _kill(self, one: Planned) -> Fault:
        victims = self._found(one.process)
        start = time.time()
        handles = [handle for victim in victims if (handle := _handle(victim)) is not None]
        for victim in victims:
            self._backend.processes.send(victim, signal.SIGKILL)
        if wait_gone(handles, GONE_S):
            raise StackError(f"{one.process} is still there {GONE_S:.0f} s after SIGKILL")
        self._over.wait(one.lasts_s)
        self._backend.revive(one.process, self._target, self._step)
        return Fault(what="kill", process=one.process, start=start, end=time.time())

    def _pause(self, one: Planned) -> Fault:
        """Stop the youngest process of that name: of several workers one."""
        victim = max(self._found(one.process), key=lambda running: running.started)
        start = time.time()
        self._backend.processes.send(victim, signal.SIGSTOP)
        try:
            time.sleep(one.lasts_s)  # also when the load is over: how long it lasts is what is tested
        finally:
            self._backend.processes.send(victim, signal.SIGCONT)
        return Fault(what="pause", process=one.process, start=start, end=time.time())

    def _poison(self, one: Planned) -> Fault:
        start = time.time()
        count = send_poison(self._backend.endpoints().kafka, self._target)
        return Fault(what="poison", process=one.process, start=start, end=time.time(), count=count)

    def _found(self, name: str) -> list[Running]:
        found = [running for running in self._backend.processes.found() if running.name == name]
        if not found:
            raise StackError(f"There is no {name} to be broken", do="`rushlab status` lists the processes.")
        return found


def send_poison(kafka: str, target: Target) -> int:
    """Put every kind of message that no consumer can apply on every partition of the run's topic; how many there were.

    Raises
    ------
    StackError
        The broker did not take them.
    """
    try:
        producer = KafkaProducer(bootstrap_servers=kafka, max_request_size=2 * 1024 * 1024, bootstrap_timeout_ms=5000)
        try:
            values = [value.replace(b"%d", b"%d" % target.coupon_id) for value in _POISON]
            partitions = sorted(producer.partitions_for(target.topic))
            sent = [
                producer.send(target.topic, value=value, key=b"1", partition=number)
                for number in partitions
                for value in values
            ]
            for future in sent:
                future.get(timeout=10)
        finally:
            producer.close(timeout=5)
    except KafkaError as error:
        raise StackError("The poisonous messages could not be sent", str(error)) from error
    return len(sent)


def _handle(running: Running) -> psutil.Process | None:
    try:
        return psutil.Process(running.pid)
    except psutil.NoSuchProcess:
        return None
