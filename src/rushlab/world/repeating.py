"""Something done again and again beside the work, for as long as the work goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Repeating:
    """Calls `action` every `every_s` seconds in a thread of that name, from `begin` to `end`."""

    def __init__(self, action: Callable[[], object], every_s: float, name: str) -> None:
        self._action, self._every_s = action, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name=name, daemon=True)

    def begin(self) -> None:
        """The first call comes after `every_s` seconds."""
        self._thread.start()

    def end(self) -> None:
        """Returns when a call that was under way is over."""
        self._over.set()
        self._thread.join()

    def _repeat(self) -> None:
        while not self._over.wait(self._every_s):
            self._action()
