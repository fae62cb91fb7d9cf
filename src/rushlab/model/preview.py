"""What a plan will take and what it can hope to see."""

from __future__ import annotations

from msgspec import Struct

from rushlab.model.experiment_result import Noise
from rushlab.model.plan import Plan


class Preview(Struct, frozen=True, kw_only=True):
    """Seconds of a run, the noise last measured here, the smallest change it lets see (0.1: 10 %; None = unknown).

    `left`: the most runs that an experiment which was begun has still to make; None: it is not begun.
    """

    plan: Plan
    seconds_per_run: float
    noise: Noise
    smallest: float | None
    warnings: tuple[str, ...]
    left: int | None = None

    @property
    def runs(self) -> int:
        """Runs that will be made, at most."""
        return self.plan.runs if self.left is None else self.left

    @property
    def seconds(self) -> float:
        return self.runs * self.seconds_per_run
