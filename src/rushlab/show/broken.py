"""What was broken on purpose during a run, in words and in seconds since its start."""

from __future__ import annotations

from typing import NamedTuple

from rushlab.model.run import Fault
from rushlab.show.views import RunView

#: Kind of fault → what it does, in words.
WORDS = {
    "kill": "{process} killed and started again",
    "pause": "{process} stopped",
    "slow": "{process} slowed (stopped {share} of the time)",
    "disk-full": "the disk of {process} full",
    "rebalance": "{count} rebalance{s} of the consumers' group",
    "poison": "{count} poisonous message{s}",
}


class Breakage(NamedTuple):
    """A fault between two seconds since the start; `end` None = it was never over."""

    start: float
    end: float | None
    words: str


def breakages(view: RunView) -> tuple[Breakage, ...]:
    """Every fault of the run, in order; none of a run whose start is not known."""
    begin = view.run.timing.started
    if begin is None:
        return ()
    faults = sorted(view.run.faults, key=lambda fault: fault.start)
    return tuple(_breakage(fault, begin) for fault in faults)


def _breakage(fault: Fault, begin: float) -> Breakage:
    start, end = fault.start - begin, None if fault.end is None else fault.end - begin
    return Breakage(start, end, f"{_what(fault)} {_when(start, end)}")


def _what(fault: Fault) -> str:
    words = WORDS.get(fault.what, f"{fault.what} of {{process}}")
    share = "" if fault.share is None else f"{100 * fault.share:.0f} %"
    return words.format(process=fault.process, share=share, count=fault.count, s="" if fault.count == 1 else "s")


def _when(start: float, end: float | None) -> str:
    if end is None:
        return f"from {start:.1f} s on, never over"
    return f"at {start:.1f} s" if end - start < 0.05 else f"from {start:.1f} to {end:.1f} s"
