"""Studies: runs opened, read and put side by side for the rooms that show them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rushlab.flows.circumstances import measured_window
from rushlab.flows.cuts import population_rows, stage_rows
from rushlab.flows.recorded import record_view
from rushlab.flows.workbench import Workbench
from rushlab.judge.guess_facts import Trial
from rushlab.model.errors import ResultError
from rushlab.model.run import Run
from rushlab.show.run_series import RunSeries
from rushlab.show.views import RunView, Study
from rushlab.world import points, prometheus
from rushlab.world.folders import RunFolder, open_runs
from rushlab.world.reference import PATH, read_reference


def gather(bench: Workbench, names: Iterable[str], *, missing: Iterable[str] = ()) -> Study:
    """The study of the named runs (or folders of them), in their order; of repeats the median one by p95 is shown.

    Raises
    ------
    ResultError
        No run was named, one is not there, not verified, or its artefacts were changed.
    """
    views = [open_view(folder) for folder in open_runs(bench.settings.runs, names)]
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
        variant: {profile: shown_run(_alike(repeats)) for profile, repeats in profiles.items()}
        for variant, profiles in groups.items()
    }
    chosen = {view.run.id for profiles in shown.values() for view in profiles.values()}
    repeats = tuple(view for view in views if view.run.id not in chosen)
    objections = [f"{view.label}, run {view.run.id}, not shown: {view.objection}" for view in repeats if view.objection]
    return Study(
        scale=_one_scale(views),
        variants=shown,
        environment=views[-1].run.environment,
        reference=read_reference(bench.settings.root / PATH),
        missing=[*missing, *_other_machines(views), *objections],
        created=time.time(),
        repeats=repeats,
        trials=_trials(bench, views[-1].run.environment),
    )


def open_view(folder: RunFolder) -> RunView:
    """A verified run with all that is shown of it, its artefacts checked against their hashes."""
    start = folder.record.timing.begun
    return replace(
        record_view(folder),
        timeline=points.timeline(folder.points, start),
        distribution=points.distribution(folder.points),
        stages=stage_rows(folder),
        populations=population_rows(folder),
        series=run_series(folder),
    )


def run_series(folder: RunFolder) -> RunSeries:
    """What Prometheus saw of a run; for an older one, that nothing was kept."""
    start, (_, end) = folder.record.timing.begun, measured_window(folder.record)
    return RunSeries(*prometheus.load(folder.path), start, start if end is None else end)


def shown_run(repeats: list[RunView]) -> RunView:
    """The run that stands for its repeats: of those without objection the median by p95 (the upper of two).

    A run that was, not an average of runs; when every repeat has an objection, the slowest of them.
    """

    def p95(view: RunView) -> float:
        known = view.figures.p95_ms if view.figures else None
        return float("inf") if known is None else known

    sound = sorted((view for view in repeats if view.objection is None), key=p95)
    return sound[len(sound) // 2] if sound else max(repeats, key=p95)


def _alike(views: list[RunView]) -> list[RunView]:
    """The repeats among the runs of one profile and variant: the undisturbed ones, where there are any.

    A run that was broken on purpose stands beside them for its audit alone. ResultError as of `_require_alike`.
    """
    repeats = [view for view in views if not view.run.faults] or views
    _require_alike(repeats)
    return repeats


def _require_alike(repeats: list[RunView]) -> None:
    """ResultError, naming what differs, unless the runs are repeats of one another."""
    first = _likeness(repeats[0].run)
    for name in first:
        if any(_likeness(view.run)[name] != first[name] for view in repeats):
            runs = ", ".join(view.run.id for view in repeats)
            raise ResultError(f"Runs {runs} are no repeats of one another", f"their {name} differs")


def _trials(bench: Workbench, environment: dict[str, Any]) -> tuple[Trial, ...]:
    """What experiments found here, if there are any."""
    if not any(bench.settings.experiments.glob("*")):
        return ()
    from rushlab.flows.experiments import trials  # what compares variants takes long to import

    return trials(bench, environment)


def _likeness(run: Run) -> dict[str, object]:
    """What two runs must share to be repeats of one another."""
    known = run.environment
    commit = known.get("code", {}).get("commit")
    return {
        "load model": run.load.model,
        "commit": commit,
        "host": known.get("host"),
        "versions": known.get("versions"),
        "faults": sorted((fault.what, fault.process) for fault in run.faults),
    }


def _other_machines(views: list[RunView]) -> list[str]:
    """A sentence when the study's runs come from different machines or server versions."""
    found = {name for name in ("host", "versions") if len({str(v.run.environment.get(name)) for v in views}) > 1}
    text = " and ".join(sorted(found))
    return [f"The runs differ in {text}; the environment shown is that of the last one"] if found else []


def _one_scale(views: list[RunView]) -> float:
    scales = {view.run.scale for view in views if view.run.profile.scaled}
    if len(scales) > 1:
        found = ", ".join(f"{scale:g}" for scale in sorted(scales))
        raise ResultError("These runs cannot stand in one report", f"their scales differ: {found}")
    return scales.pop() if scales else views[0].run.scale
