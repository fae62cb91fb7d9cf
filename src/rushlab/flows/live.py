"""Progress inside a notebook: one display that is updated in place while k6 runs."""

from __future__ import annotations

import html
from typing import Any

from rushlab.flows.workbench import Progress, progress_line


class NotebookListener:
    """Shows steps and k6's progress in one output of the running cell."""

    def __init__(self) -> None:
        from IPython.display import display

        show: Any = display  # IPython ships no types for it
        self._handle: Any = show({"text/plain": "starting"}, raw=True, display_id=True)
        self._run = ""

    def step(self, text: str) -> None:
        self._show(f"{self._run}: {text}" if self._run and not text.startswith("[") else text)
        if text.startswith("["):
            self._run = text

    def progress(self, run: str, progress: Progress) -> None:
        self._show(progress_line(run, progress))

    def _show(self, text: str) -> None:
        if self._handle is not None:
            content = {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}
            self._handle.update(content, raw=True)
