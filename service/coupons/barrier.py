"""When the workers of a deployment rebuild Redis: all close and come to rest, one rebuilds, all open again."""

from __future__ import annotations

from collections.abc import Callable

#: Worker, order.
Send = Callable[[int, str], None]


class Barrier:
    """The deployment's side. Orders: `close N`, `rebuild`, `open N RUN_ID`, `failed WHY`; N numbers the rounds.

    A round begins when the first worker wants a rebuild (it has closed and has nothing undecided) and ends when all
    that live have opened, or when the rebuild has failed and each wants it again.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._round = 0
        self._members: set[int] = set()
        self._resting: set[int] = set()
        self._rebuilding: int | None = None
        self._spoiled = False

    def join(self, worker: int) -> None:
        """It was started; until it says that it rests, nothing is rebuilt."""
        self._members.add(worker)

    def leave(self, worker: int) -> None:
        """It has ended."""
        self._members.discard(worker)
        self._resting.discard(worker)
        if self._rebuilding == worker:
            self._rebuilding = None
        self._advance()

    def distrust(self) -> None:
        """Nothing may be issued until Redis has been rebuilt from now on."""
        if self._resting:
            self._spoiled = True
        else:
            self._begin(self._members)

    def want(self, worker: int) -> None:
        """It has closed, nothing of it is undecided, and it asks for a rebuild."""
        if not self._resting:
            self._begin(self._members - {worker})
        self._resting.add(worker)
        self._advance()

    def rebuilt(self, worker: int, run_id: str) -> None:
        """It has rebuilt the Redis of that run id."""
        if worker != self._rebuilding:
            return
        if self._spoiled:
            self.failed(worker, "another service process may be at work")
        else:
            self._end(f"open {self._round} {run_id}")

    def failed(self, worker: int, why: str) -> None:
        """It could not."""
        if worker == self._rebuilding:
            self._end(f"failed {why}")

    def _begin(self, others: set[int]) -> None:
        self._round += 1
        self._spoiled = False
        for worker in sorted(others):
            self._send(worker, f"close {self._round}")

    def _advance(self) -> None:
        if self._rebuilding is None and self._resting and self._resting == self._members:
            self._rebuilding = min(self._resting)
            self._send(self._rebuilding, "rebuild")

    def _end(self, order: str) -> None:
        resting, self._resting, self._rebuilding = self._resting, set(), None
        for worker in sorted(resting):
            self._send(worker, order)
