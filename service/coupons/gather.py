"""When the next shared call starts: at once for a lone request, at a pace that lets requests gather under load."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

#: Shared calls of one kind start at least so far apart. A request waits half of it on average, and only under load;
#: each call (a script in Redis, a commit) costs CPU time on both sides whether it carries one request or fifty.
PACE_S: Final = 0.005


class Pace:
    """Calls `start` soon, but not sooner than `pace_s` after the last time."""

    def __init__(self, start: Callable[[], None], pace_s: float = PACE_S) -> None:
        self._start = start
        self._pace_s = pace_s
        self._loop = asyncio.get_running_loop()
        self._last = 0.0
        self._due = False

    def ask(self) -> None:
        """Have `start` called once; asking again before that changes nothing."""
        if self._due:
            return
        self._due = True
        wait = self._last + self._pace_s - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self._go)
        else:
            self._loop.call_soon(self._go)

    def _go(self) -> None:
        self._due = False
        self._last = self._loop.time()
        self._start()
