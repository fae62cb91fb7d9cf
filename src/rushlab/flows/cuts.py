"""A run cut into parts: by the stages of its profile, and by what its requests were answered."""

from __future__ import annotations

import pandas as pd

from rushlab.flows.figures import outcome_of
from rushlab.judge.stages import Window, stages
from rushlab.world import points
from rushlab.world.folders import RunFolder


def stage_rows(folder: RunFolder) -> pd.DataFrame | None:
    """One row per stage, as `RunView.stages` has it; None for a profile that plans none."""
    record = folder.record
    windows = stages(record.profile.at_scale(record.scale))
    if not windows:
        return None
    cut = points.stages(
        folder.points, folder.record.timing.begun, [(window.start_s, window.end_s) for window in windows]
    )
    plan = pd.DataFrame([_plan(window) for window in windows])
    rate = cut["answered"] / (plan["end_s"] - plan["start_s"])
    return pd.concat([plan, cut.drop(columns="stage")], axis="columns").assign(rate_per_s=rate.where(plan["plateau"]))


def population_rows(folder: RunFolder) -> pd.DataFrame:
    """One row per outcome, as `RunView.populations` has it."""
    frame, start = points.populations(folder.points, outcome_of), folder.record.timing.begun
    return frame.assign(first=frame["first"] - start, last=frame["last"] - start)


def _plan(window: Window) -> dict[str, float | int | bool]:
    names = ("start_s", "end_s", "from_vus", "to_vus", "plateau")
    return {name: getattr(window, name) for name in names}
