"""The stages of a load profile as windows of time, so that any k6 file can be cut by its profile and start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rushlab.model.profile import Profile

#: k6 keeps durations as whole nanoseconds; so many digits after the point in seconds.
NANOSECOND_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds [start_s, end_s) of a profile, in which the planned VUs go linearly from `from_vus` to `to_vus`."""

    start_s: float
    end_s: float
    from_vus: int
    to_vus: int

    @property
    def length_s(self) -> float:
        return round(self.end_s - self.start_s, NANOSECOND_DIGITS)

    @property
    def plateau(self) -> bool:
        """The load is held: the only place where a rate or a steady state has a meaning."""
        return self.from_vus == self.to_vus > 0


def stages(profile: Profile) -> tuple[Window, ...]:
    """One window per stage of `profile` as it is (scale it first with `Profile.at_scale`), in order.

    A profile of constant VUs is one plateau. A stage of no duration is a jump and has no window. The graceful
    stop that follows the last stage is none of the plan and in no window.
    """
    if profile.executor == "constant-vus":
        return (Window(0.0, profile.duration_s, profile.vus, profile.vus),) if profile.duration_s > 0 else ()
    windows, begin, level = [], 0.0, 0
    for stage in profile.stages:
        end = round(begin + stage.duration_s, NANOSECOND_DIGITS)
        if end > begin:
            windows.append(Window(begin, end, level, stage.target))
        begin, level = end, stage.target
    return tuple(windows)


def plateaus(profile: Profile) -> tuple[Window, ...]:
    """The windows in which the load is held; stages in a row at one level are one plateau."""
    return tuple(_merged(stages(profile)))


def steady_window(profile: Profile) -> tuple[float, float] | None:
    """(start_s, end_s) of the longest plateau, of the one with the most VUs among equally long ones.

    None for a pure ramp: it has no operating point, its figures are whole-run figures marked "ramping".
    """
    held = plateaus(profile)
    if not held:
        return None
    longest = max(held, key=lambda window: (window.length_s, window.to_vus))
    return longest.start_s, longest.end_s


def _merged(windows: tuple[Window, ...]) -> Iterator[Window]:
    current: Window | None = None
    for window in windows:
        if current and window.plateau and current.to_vus == window.from_vus:
            current = replace(current, end_s=window.end_s)
            continue
        if current:
            yield current
        current = window if window.plateau else None
    if current:
        yield current
