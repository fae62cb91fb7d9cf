"""Studies: runs opened, read and put side by side for the rooms that show them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from rushlab.flows.workbench import Workbench
from rushlab.model.errors import ResultError
from rushlab.model.results import RunFigures
from rushlab.model.run import State
from rushlab.show.views import RunView, Study
from rushlab.world import points
from rushlab.world.folders import RunFolder, open_run
from rushlab.world.reference import PATH, read_reference


def gather(bench: Workbench, names: Iterable[str], *, missing: Iterable[str] = ()) -> Study:
    """The study of the named runs, in their order; of repeats the one with the median p95 is shown.

    Raises
    ------
    ResultError
        No run was named, one is not there, not verified, or its artefacts were changed.
    """
    views = [open_view(open_run(bench.settings.runs, name)) for name in names]
    if not views:
        raise ResultError("There is no run to report on", do="`rushlab ls` lists the runs.")
    return _study(bench, views, list(missing))


def study_of(view: RunView) -> Study:
    """The study that holds just this run."""
    return _study(Workbench.open(), [view], [])


def _study(bench: Workbench, views: list[RunView], missing: list[str]) -> Study:
    groups: dict[str, dict[str, list[RunView]]] = defaultdict(lambda: defaultdict(list))
    for view in views:
        groups[view.run.variant][view.run.profile.name].append(view)
    shown = {
        variant: {profile: _median_run(repeats) for profile, repeats in profiles.items()}
        for variant, profiles in groups.items()
    }
    return Study(
        scale=_one_scale(views),
        variants=shown,
        environment=views[-1].run.environment,
        reference=read_reference(bench.settings.root / PATH),
        missing=missing,
        created=time.time(),
    )


def open_view(folder: RunFolder) -> RunView:
    """A verified run with its figures and timeline, its artefacts checked against their hashes."""
    record = folder.record
    if record.state is not State.VERIFIED:
        why = record.problem or f"it is {record.state}"
        raise ResultError(f"Run {record.id} has no result", why, "Drive it again with `rushlab run`.")
    if damaged := folder.damaged():
        raise ResultError(f"Run {record.id} was changed after it was verified", ", ".join(damaged))
    figures = msgspec.convert(record.figures, RunFigures) if record.figures else None
    start = record.timing.started or record.timing.created
    return RunView(record, figures, points.timeline(folder.points, start))


def _median_run(repeats: list[RunView]) -> RunView:
    """The run in the middle by p95 (the lower one of two): a run that was, not an average of runs."""

    def p95(view: RunView) -> float:
        known = view.figures.p95_ms if view.figures else None
        return float("inf") if known is None else known

    return sorted(repeats, key=p95)[(len(repeats) - 1) // 2]


def _one_scale(views: list[RunView]) -> float:
    scales = {view.run.scale for view in views if view.run.profile.scaled}
    if len(scales) > 1:
        found = ", ".join(f"{scale:g}" for scale in sorted(scales))
        raise ResultError("These runs cannot stand in one report", f"their scales differ: {found}")
    return scales.pop() if scales else views[0].run.scale
