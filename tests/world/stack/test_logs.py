from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.world.stack.children import python, until

from rushlab.model.errors import PortTaken, StackError, StorageError
from rushlab.world.stack.endings import is_alive
from rushlab.world.stack.logs import begin, failure
from rushlab.world.stack.processes import Processes


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("InnoDB: Write to file ./ib_logfile0 failed: No space left on device", StorageError),
        ("InnoDB: preallocating 268435456 bytes for file ./ib_logfile101 failed with error 28", StorageError),
        ("[Errno 28] No space left on device", StorageError),
        ("error 280 is something else", StackError),
        ("bind: Address already in use", PortTaken),
        ("Access denied", StackError),
    ],
)
def test_the_log_since_the_last_start_decides_what_kind_of_failure_it_is(
    processes: Processes, line: str, kind: type[Exception]
) -> None:
    for said in ("No space left on device, long ago", line):
        helper = processes.start(python("helper", f"print({said!r}); raise SystemExit(1)"))
        until(lambda pid=helper.pid: not is_alive(pid))
    error = failure("it failed", "", processes.log("helper"))
    assert type(error) is kind
    assert line in error.sentence
    assert "long ago" not in error.sentence


def test_a_log_is_for_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        begin(tmp_path / "logs/helper.log", "helper")
    finally:
        os.umask(before)
    assert (tmp_path / "logs/helper.log").stat().st_mode & 0o777 == 0o600
