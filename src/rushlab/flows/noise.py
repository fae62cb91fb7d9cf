"""The noise floor of an experiment: how much equal settings differ, by the A/A experiment that fits it best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlab.flows.measured import settled
from rushlab.flows.workbench import Workbench
from rushlab.judge.experiment import noise_sd, run_spread
from rushlab.judge.experiment_checks import NOISE_BLOCKS
from rushlab.model.experiment_result import MeasuredRun, Noise
from rushlab.model.plan import Operating
from rushlab.world.experiments import ExperimentFolder, all_experiments


def noise_of(bench: Workbench, folder: ExperimentFolder, metric: str, runs: Sequence[MeasuredRun]) -> Noise:
    """The noise floor for an experiment: its own when it is an A/A one, else that of the last one made here."""
    if folder.planned.plan.a_a:
        return _noise(folder, metric, runs, folder.planned.plan.load)
    return last_noise(bench, metric, folder.planned.environment, folder.planned.plan.load)


def last_noise(bench: Workbench, metric: str, environment: dict[str, Any], load: Operating) -> Noise:
    """The noise of `metric` by an A/A experiment on this host and these versions.

    Of those with enough blocks one at this load, if there is any, and the newest; only where none has enough,
    the newest at this load, or at any. An environment without `versions` (nothing is started yet) asks for the host
    alone.
    """
    here = [one for one in all_experiments(bench.settings.experiments) if _is_noise_of(one, environment)]
    few: Noise | None = None
    for folder in sorted(here, key=lambda one: (one.planned.plan.load != load, -one.planned.created)):
        found = _noise(folder, metric, tuple(settled(bench, folder)), load)
        if found.enough:
            return found
        few = few or (None if found.sd is None else found)
    why = "no A/A experiment was made on this host and these versions"
    return few or Noise(metric=metric, sd=None, k=0, experiment=None, enough=False, reason=why)


def same_place(folder: ExperimentFolder, environment: dict[str, Any]) -> bool:
    """Whether an experiment was made on the host and the versions that `environment` names."""
    known = folder.planned.environment
    return all(known.get(key) == environment[key] for key in ("host", "versions") if key in environment)


def _is_noise_of(folder: ExperimentFolder, environment: dict[str, Any]) -> bool:
    return folder.planned.plan.a_a and same_place(folder, environment)


def _noise(folder: ExperimentFolder, metric: str, runs: Sequence[MeasuredRun], wanted: Operating) -> Noise:
    sd, k = noise_sd(runs, metric)
    run_sd, freedom = run_spread(runs, metric)
    made = folder.planned.plan.load
    return Noise(
        metric=metric,
        sd=sd,
        k=k,
        experiment=folder.planned.id,
        enough=sd is not None and k >= NOISE_BLOCKS,
        reason=f"{metric} has a value in {k} A/A blocks only" if sd is None else None,
        load=made.words,
        same_load=made == wanted,
        run_sd=run_sd,
        run_freedom=freedom,
    )
