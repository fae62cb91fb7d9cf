"""What happened around a run: processes of the stack that began or ended meanwhile, processes killed for memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rushlab.world.stack.backend import ServerStatus

VMSTAT = Path("/proc/vmstat")


class Surroundings:
    """Looks before and after; `status` names the processes of the stack."""

    def __init__(self, status: Callable[[], Sequence[ServerStatus]]) -> None:
        self._status = status
        self._before: dict[str, int | None] = {}
        self._killed: int | None = None
        self.facts: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._before, self._killed = self._processes(), out_of_memory_kills()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        killed = out_of_memory_kills()
        self.facts = {
            "restarted": sorted(changed(self._before, self._processes())) if self._before else None,
            "oom_kills": None if killed is None or self._killed is None else killed - self._killed,
        }

    def _processes(self) -> dict[str, int | None]:
        return {one.name: one.pid for one in self._status() if one.name != "k6"}


def changed(before: Mapping[str, int | None], after: Mapping[str, int | None]) -> set[str]:
    """Names of the processes that are not the same ones any more: ended, restarted or new."""
    return {name for name in {*before, *after} if before.get(name) is None or before.get(name) != after.get(name)}


def out_of_memory_kills(vmstat: Path = VMSTAT) -> int | None:
    """How many processes this machine's kernel has killed for want of memory; None where it does not tell."""
    try:
        lines = vmstat.read_text("ascii").splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith("oom_kill "))
    return next((int(number) for number in found), None)
