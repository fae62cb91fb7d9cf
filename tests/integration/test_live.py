"""The report's notebook, cell by cell in a real kernel: progress while k6 runs, an interrupt, and the cell again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from rushlab.model.run import State
from rushlab.show.figures.chart import MIME
from rushlab.world.folders import all_runs
from rushlab.world.settings import PROJECT
from rushlab.world.stack import marks

pytestmark = pytest.mark.integration

PARAMETERS = 'runs = []; variants = "recommended"; profiles = "load"; missing = []; scale = '


class Kernel:
    """A kernel in which the notebook's cells run as JupyterLab runs them."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client
        cells = nbformat.read(PROJECT / "notebooks/report.ipynb", as_version=4).cells
        self.code = [cell.source for cell in cells if cell.cell_type == "code"]

    def cell(self, starting: str) -> str:
        return next(source for source in self.code if source.startswith(starting))

    def run(self, code: str, watch: Callable[[list[dict[str, Any]]], object] = len) -> list[dict[str, Any]]:
        """Run a cell to its end; `watch` sees the messages so far after each. Every message of it, in order."""
        asked, heard = self.client.execute(code), []
        deadline = time.monotonic() + 300
        while not _idle(heard):
            message = self.client.get_iopub_msg(timeout=deadline - time.monotonic())
            if message["parent_header"].get("msg_id") == asked:
                heard.append(message)
                watch(heard)
        return heard


def _idle(heard: list[dict[str, Any]]) -> bool:
    return bool(heard) and heard[-1]["content"].get("execution_state") == "idle"


def updates(heard: list[dict[str, Any]], mime: str = MIME) -> list[Any]:
    """What the updates of a display showed as `mime`."""
    bundles = [one["content"]["data"] for one in heard if one["msg_type"] == "update_display_data"]
    return [bundle[mime] for bundle in bundles if mime in bundle]


def errors(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["content"] for one in heard if one["msg_type"] == "error"]


def alive(state: Path) -> list[str]:
    """Names of the stack's processes, k6 among them, that carry the mark of this state folder."""
    found = (marks.marked(process, state) for process in psutil.process_iter())
    return [one.name for one in found if one is not None]


@pytest.fixture
def kernel(tmp_path) -> Iterator[Kernel]:
    folders = {"RUSHLAB_DATA": str(tmp_path / "data"), "RUSHLAB_STATE": str(tmp_path / "state")}
    environment = os.environ | folders
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path))
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_progress_while_k6_runs_a_clean_interrupt_and_the_cell_again(kernel, tmp_path):
    state, runs = tmp_path / "state", tmp_path / "data" / "runs"
    assert errors(kernel.run(kernel.cell("from rushlab.flows import report"))) == []
    driving, seen = kernel.cell("study = "), []

    def interrupt(heard):
        if not seen and len(updates(heard)) == 2:
            seen.extend(alive(state))
            kernel.manager.interrupt_kernel()

    kernel.run(PARAMETERS + "1")
    stopped = kernel.run(driving, interrupt)
    assert "k6" in seen and "service" in seen
    (problem,) = errors(stopped)
    assert (problem["ename"], len(problem["traceback"])) == ("Interrupted", 1)
    assert alive(state) == []
    (aborted,) = all_runs(runs)
    assert (aborted.record.state, aborted.record.problem) == (State.ABORTED, "interrupted by the user")

    kernel.run(PARAMETERS + "0.1")
    again = kernel.run(driving)
    assert errors(again) == []
    lines = [text for text in updates(again, "text/plain") if "VUs" in text]
    assert len(lines) >= 3
    assert all(word in text for text in lines for word in ("requests/s", "p95", "failed"))
    points = [len(figure["data"][0]["x"]) for figure in updates(again)]
    assert points == sorted(set(points))
    assert updates(again, "text/plain")[-2:] == ["done", ""]
    assert [folder.record.state for folder in all_runs(runs)].count(State.VERIFIED) == 1
    assert alive(state) == []
    assert errors(kernel.run(kernel.cell("findings(study)"))) == []
