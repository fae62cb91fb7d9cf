"""A load shape: executor, stages, thresholds and pause, as `k6/profiles.json` states it."""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rushlab.model.errors import UsageError

Executor = Literal["constant-vus", "ramping-vus"]
Model = Literal["closed", "open"]

#: More virtual users (or arrivals per second) than one k6 can make on any machine.
MOST_HEIGHT = 100_000

SCALES = {"full": 1.0, "demo": 0.1}


class Stage(Struct, frozen=True):
    """One line of a ramp: reach `target` VUs, linearly, in `duration_s` seconds."""

    duration_s: float
    target: int


class Profile(Struct, frozen=True, kw_only=True):
    """A load shape; durations in seconds, `pause_s` between two requests of one VU.

    `stock` and `scaled` are None/True unless the profile says otherwise: a profile that is
    not scaled keeps its durations at every scale.
    """

    name: str
    title: str
    purpose: str
    executor: Executor
    pause_s: float
    thresholds: dict[str, list[str]]
    vus: int = 0
    duration_s: float = 0.0
    stages: tuple[Stage, ...] = ()
    scaled: bool = True
    stock: int | None = None

    def at_scale(self, factor: float) -> Profile:
        """The same shape with every duration multiplied by `factor` (VUs and pause stay)."""
        if not self.scaled or factor == 1:
            return self
        stages = tuple(Stage(stage.duration_s * factor, stage.target) for stage in self.stages)
        return replace(self, stages=stages, duration_s=self.duration_s * factor)

    def at_peak(self, peak: int) -> Profile:
        """The same shape with every height multiplied so that the highest is `peak` (rounded half up, as k6's script).

        Raises
        ------
        UsageError
            `peak` is not a positive number that k6 can make.
        """
        if not 1 <= peak <= MOST_HEIGHT:
            raise UsageError(f"The load cannot be {peak}", f"it is a whole number from 1 to {MOST_HEIGHT:,}")
        factor = peak / self.peak_vus
        stages = tuple(Stage(stage.duration_s, math.floor(stage.target * factor + 0.5)) for stage in self.stages)
        return replace(self, stages=stages, vus=math.floor(self.vus * factor + 0.5))

    def stock_at(self, factor: float) -> int | None:
        """The profile's own stock, scaled like its load so that it still sells out; None = the variant's."""
        if self.stock is None or not self.scaled:
            return self.stock
        return max(1, round(self.stock * factor))

    @property
    def length_s(self) -> float:
        """Planned length in seconds, without k6's graceful stop."""
        if self.executor == "constant-vus":
            return self.duration_s
        return math.fsum(stage.duration_s for stage in self.stages)

    @property
    def peak_vus(self) -> int:
        """Highest number of planned VUs."""
        return max([self.vus, *(stage.target for stage in self.stages)])


def parse_scale(text: object) -> float:
    """The factor behind `full`, `demo` or a positive number.

    Raises
    ------
    UsageError
        It is none of these, or the number is not in (0, 10].
    """
    try:
        factor = (SCALES.get(text) or float(text)) if isinstance(text, str) else text
    except ValueError:
        raise _bad_scale(text) from None
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor <= 10:
        raise _bad_scale(text)
    return float(factor)


def scale_name(factor: float) -> str:
    """`full`, `demo` or the number, as the user would write it."""
    return next((name for name, value in SCALES.items() if value == factor), f"{factor:g}")


def _bad_scale(text: object) -> UsageError:
    return UsageError(f"Scale {text!r} is not known", "a scale is full, demo or a number above 0, at most 10")
