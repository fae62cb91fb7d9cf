from __future__ import annotations

from pathlib import Path

import pytest

from rushlab.world.stack.interpreter import python_command
from rushlab.world.stack.processes import Launch, Processes


def test_python_processes_do_not_import_from_the_callers_folder(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('the wrong json')")
    monkeypatch.chdir(tmp_path)
    helper = processes.start(Launch(name="tool", command=(*python_command("json.tool"), "--help")))
    processes.await_end(helper, timeout_s=20)
