"""Threads that apply messages at the same time; those with one key stay in one thread, and so in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple, Protocol
from zlib import crc32

from coupons.dead_letters import Refusal
from coupons.events import CouponIssued

#: An apply takes at most a few database answers (each 10 s at most) before it has failed.
LONGEST_S: Final = 15.0

Message = Any  # kafka-python's ConsumerRecord


class Outcome(NamedTuple):
    """What became of a message."""

    message: Message
    event: CouponIssued
    applied: bool = False  # False: it had been applied before, or `refusal` says more
    refusal: Refusal | None = None  # why it is to be set aside
    lost: Exception | None = None  # what ended its lane


class Attempt(Protocol):
    """Applies an event and says whether it was new and, when it cannot be applied, why."""

    def __call__(self, event: CouponIssued) -> tuple[bool, Refusal | None]: ...


class Lanes:
    """One thread for each of `attempts`; outcomes come in the order in which they happen."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._lanes = [_Lane(attempt, self._outcomes.put) for attempt in attempts]
        for lane in self._lanes:
            lane.start()

    def put(self, message: Message, event: CouponIssued) -> None:
        """Have it applied after everything that was put before with the same key."""
        key = message.key or b"%d" % message.partition
        self._lanes[crc32(key) % len(self._lanes)].queue.put((message, event))

    def outcomes(self, wait_s: float = 0.0) -> Iterator[Outcome]:
        """Those that are there; the first one is waited for."""
        try:
            yield self._outcomes.get(timeout=wait_s) if wait_s else self._outcomes.get_nowait()
            while True:
                yield self._outcomes.get_nowait()
        except Empty:
            return

    def close(self) -> None:
        """Let the threads finish what was put."""
        for lane in self._lanes:
            lane.queue.put(None)
        for lane in self._lanes:
            lane.join(LONGEST_S)


class _Lane(Thread):
    """Ends with the first error that is not the message's own: what lies behind it must not overtake it."""

    def __init__(self, attempt: Attempt, tell: Callable[[Outcome], None]) -> None:
        super().__init__(name="lane", daemon=True)
        self.queue: SimpleQueue[tuple[Message, CouponIssued] | None] = SimpleQueue()
        self._attempt = attempt
        self._tell = tell

    def run(self) -> None:
        while (task := self.queue.get()) is not None:
            try:
                applied, refusal = self._attempt(task[1])
            except Exception as error:  # noqa: BLE001 - raised again in the consumer's thread
                self._tell(Outcome(*task, lost=error))
                return
            self._tell(Outcome(*task, applied, refusal))
