"""Progress inside a notebook: a line and a figure that are updated in place while k6 runs."""

from __future__ import annotations

import ast
import html
import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any

from rushlab.flows.workbench import Listener, Progress, progress_line
from rushlab.model.errors import Interrupted
from rushlab.model.variant import unknown

#: The first line of the cell that papermill adds with the parameters it was given.
INJECTED = "# Parameters\n"

KEPT = "what k6 and the servers had written is kept in the run's folder, and is no result"


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
    """Shows steps and k6's progress in one line of the running cell, and a figure of the run so far below it.

    As a context manager it ends what it shows: the figure goes when the cell has done its work, and stays
    when the work was stopped; Ctrl-C (the kernel's interrupt) becomes one sentence.
    """

    def __init__(self) -> None:
        self._line = _Place()
        self._line.show(_text("starting"))
        self._figure = _Place()
        self._run = ""
        self._course = _Course("")

    def __enter__(self) -> NotebookListener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._line.show(_text("done"))
            self._figure.clear()
        elif issubclass(kind, KeyboardInterrupt | Interrupted):
            self._line.show(_text("interrupted"))
        if kind is KeyboardInterrupt:
            raise Interrupted("The cell was interrupted", KEPT, "Run it again to start anew.") from None

    def step(self, text: str) -> None:
        self._line.show(_text(f"{self._run}: {text}" if self._run and not text.startswith("[") else text))
        if text.startswith("["):
            self._run = text

    def progress(self, run: str, progress: Progress) -> None:
        if self._course.run != run or progress.elapsed_s < self._course.elapsed_s:
            self._course = _Course(run)
        self._course.add(progress)
        self._line.show(_text(f"{progress_line(run, progress)}  {self._course.rate:,.0f} requests/s"))
        self._figure.show(self._course.figure(progress.planned_s))


def hearing(listener: Listener | None) -> AbstractContextManager[Listener]:
    """The listener of the caller, who ends it; without one a `NotebookListener` for as long as the context lasts."""
    return NotebookListener() if listener is None else nullcontext(listener)


def tell(listener: Listener | None, text: str) -> None:
    """Say something that stays: in a notebook an output of its own, which no step replaces."""
    if listener is None:
        _Place().show(_text(text))
    else:
        listener.step(text)


class _Course:
    """What k6 has told of one run so far."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._before = Progress(elapsed_s=0.0, planned_s=0.0, vus=0, requests=0, failed=0)
        self._rows: list[dict[str, float]] = []

    @property
    def elapsed_s(self) -> float:
        return self._before.elapsed_s

    @property
    def rate(self) -> float:
        """Requests per second since the report before."""
        return self._rows[-1]["requests"]

    def add(self, now: Progress) -> None:
        before, seconds = self._before, max(now.elapsed_s - self._before.elapsed_s, 0.001)
        rates = {name: (getattr(now, name) - getattr(before, name)) / seconds for name in ("requests", "failed")}
        p95 = math.nan if now.p95_ms is None else now.p95_ms
        self._rows.append({"second": now.elapsed_s, "vus": now.vus, **rates, "p95_ms": p95})
        self._before = now

    def figure(self, planned_s: float) -> dict[str, Any]:
        import pandas as pd

        from rushlab.show.figures.interim import interim

        return interim(self.run, pd.DataFrame(self._rows), planned_s)._repr_mimebundle_()


class _Place:
    """One output of the running cell, made by the first `show` and updated in place by the others."""

    def __init__(self) -> None:
        self._begun = False
        self._handle: Any = None  # stays None outside a notebook

    def show(self, content: dict[str, Any]) -> None:
        from IPython.display import display

        draw: Any = display  # IPython ships no types for it
        if not self._begun:
            self._begun, self._handle = True, draw(content, raw=True, display_id=True)
        elif self._handle is not None:
            self._handle.update(content, raw=True)

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)


def _text(text: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}
