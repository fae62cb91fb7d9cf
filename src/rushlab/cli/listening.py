"""Progress in the terminal: one live line where there is a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.text import Text

if TYPE_CHECKING:
    from rushlab.flows.workbench import Progress

#: Seconds between two plain lines of k6's progress.
PLAIN_EVERY_S = 10.0
#: Steps that stay on the screen: which run it is, what failed, what is not as expected.
LASTING = (" · ", "failed:", "not drained", ": port ")


class TerminalListener:
    """Prints steps; shows k6's progress in place (terminal) or as a line every ten seconds (elsewhere)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._quiet = quiet
        self._status: Status | None = None
        self._printed = 0.0

    def __enter__(self) -> TerminalListener:
        if self._console.is_terminal and not self._quiet:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def headline(self, text: str) -> None:
        """A line that stays, also when quiet."""
        self._console.print(text, markup=False)

    def step(self, text: str) -> None:
        if self._status is not None and any(sign in text for sign in LASTING):
            self.headline(text)
        if self._status is not None:
            self._status.update(Text(text))
        elif not self._quiet:
            self._console.print(f"  {text}", markup=False)

    def progress(self, run: str, progress: Progress) -> None:
        from rushlab.flows.workbench import progress_line

        text = progress_line(run, progress)
        if self._status is not None:
            self._status.update(Text(text))
        elif not self._quiet and time.monotonic() - self._printed >= PLAIN_EVERY_S:
            self._printed = time.monotonic()
            self._console.print(f"  {text}", markup=False)
