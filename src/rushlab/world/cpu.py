"""CPU time of a run: how many seconds each process of the stack, k6 and the workbench itself used meanwhile."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import psutil

from rushlab.world.repeating import Repeating
from rushlab.world.stack.backend import ServerStatus

#: A process that is killed takes with it what it used since it was last looked at.
SAMPLE_S = 2.0

WORKBENCH, K6, HOST = "workbench", "k6", "host"
FOREIGN = "the stack's processes are not this machine's to look at"

#: A process, told apart from a later one with the same number.
Key = tuple[str, int, float]


class CpuMeter:
    """CPU seconds (user + system) of every process that a backend names, while the meter is entered.

    `running` names the processes; those that start meanwhile are counted from their start, those that end until they
    were last seen. Workers of one name are added up. Looking costs a few milliseconds every two seconds.
    """

    def __init__(self, running: Callable[[], Sequence[ServerStatus]]) -> None:
        self._running = running
        self._before: dict[Key, float] = {}
        self._latest: dict[Key, float] = {}
        self._host = self._workbench = self._over = 0.0
        self._sampling = Repeating(self._sample, SAMPLE_S, "cpu-meter")

    def __enter__(self) -> Self:
        self._before = self._read()
        self._latest = dict(self._before)
        self._host, self._workbench, self._over = -busy_seconds(), -time.process_time(), -time.monotonic()
        self._sampling.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sampling.end()
        self._sample()
        self._host += busy_seconds()
        self._workbench += time.process_time()
        self._over += time.monotonic()

    @property
    def over_s(self) -> float:
        """Seconds over which it counted, after it was left."""
        return round(self._over, 3)

    def seconds(self, *, k6: float | None) -> tuple[dict[str, float] | None, str | None]:
        """Seconds by process, after the meter was left; `k6` is what k6's own end told of it.

        Returns
        -------
        tuple
            Name → CPU seconds of the stack's processes, `k6`, `workbench` and `host` (everything that the machine
            did meanwhile, of whoever), with None; or None with the reason.
        """
        if not self._latest:
            return None, FOREIGN
        if k6 is None:
            return None, "k6 did not end by itself, so its CPU time is not known"
        found: dict[str, float] = defaultdict(float)
        for key, used in self._latest.items():
            found[key[0]] += used - self._before.get(key, 0.0)
        found |= {K6: k6, WORKBENCH: self._workbench, HOST: self._host}
        return {name: round(used, 3) for name, used in found.items()}, None

    def _sample(self) -> None:
        self._latest |= self._read()

    def _read(self) -> dict[Key, float]:
        named = ((one.name, one.pid) for one in self._running() if one.pid is not None and one.name != K6)
        readings = (_reading(name, pid) for name, pid in named)
        return dict(reading for reading in readings if reading is not None)


def _reading(name: str, pid: int) -> tuple[Key, float] | None:
    try:
        process = psutil.Process(pid)
        return (name, pid, process.create_time()), used_by(process)
    except psutil.NoSuchProcess:
        return None


def used_by(process: psutil.Process) -> float:
    """CPU seconds of a process since its start, its children not counted; also of one that ended and is not collected.

    psutil.NoSuchProcess when there is none.
    """
    times = process.cpu_times()
    return float(times.user + times.system)


def busy_seconds() -> float:
    """CPU seconds that all processors of this machine have worked since it was started, for this machine's own work."""
    times: Mapping[str, float] = psutil.cpu_times()._asdict()
    return sum(times.get(kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq"))
