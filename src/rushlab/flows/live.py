"""Progress inside a notebook: one display that is updated in place while k6 runs."""

from __future__ import annotations

import ast
import html
from collections.abc import Iterable, Sequence
from typing import Any

from rushlab.flows.workbench import Progress, progress_line
from rushlab.model.variant import unknown

#: The first line of the cell that papermill adds with the parameters it was given.
INJECTED = "# Parameters\n"


def refuse_unknown_parameters(known: Iterable[str]) -> None:
    """UsageError when papermill gave this notebook a parameter that it does not have.

    papermill itself only warns, and the notebook would go on with its defaults.
    """
    names = list(known)
    for name in injected_names(_cells_so_far()):
        if name not in names:
            raise unknown("Parameter", name, names)


def injected_names(cells: Sequence[str]) -> list[str]:
    """Names that papermill's own cells among `cells` (sources) assign."""
    trees = [ast.parse(cell) for cell in cells if cell.startswith(INJECTED)]
    assigned = (node for tree in trees for node in tree.body if isinstance(node, ast.Assign))
    return [target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)]


def _cells_so_far() -> list[str]:
    from IPython import get_ipython

    find_shell: Any = get_ipython  # IPython ships no types for it
    shell = find_shell()
    return [] if shell is None else list(shell.user_ns.get("In", ()))


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
