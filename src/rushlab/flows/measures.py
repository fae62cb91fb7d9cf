"""The metrics of a run by which variants are compared, computed once and kept in its folder as `measures.json`."""

from __future__ import annotations

from rushlab.judge import measures as judged
from rushlab.judge.requests import ACCEPTED
from rushlab.judge.stages import steady_window
from rushlab.model.errors import ResultError
from rushlab.model.metric import MEASURES_SCHEMA, METRICS, Measures
from rushlab.world import evidence, points
from rushlab.world.files import read_json
from rushlab.world.folders import RunFolder
from rushlab.world.points_window import window_quantiles

FILE = "measures.json"
PERCENTS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)


def measures_of(folder: RunFolder) -> Measures:
    """The run's metrics: those in its folder when they were computed as today, else computed from its files."""
    if FILE in folder.record.artefacts:
        found = read_json(folder.path / FILE, Measures)
        if found.schema == MEASURES_SCHEMA:
            return found
    return measure(folder)


def measure(folder: RunFolder) -> Measures:
    """Every metric of a collected run (ResultError when it never started, PointsError when its points are gone)."""
    started = folder.record.timing.started
    if started is None:
        raise ResultError(f"Run {folder.record.id} has no figures", "its load never began")
    profile = folder.record.profile.at_scale(folder.record.scale)
    held = steady_window(profile)
    window = held or (0.0, profile.length_s)
    begin, end = (started + edge for edge in window)
    attempts, issues = points.attempts(folder.points), evidence.load(folder.evidence).issues
    values, reasons, quantiles = _accepts(folder, begin, end)
    for more, why in (
        judged.accept_rates(attempts, begin, end),
        judged.confirmations(issues, attempts, begin, end),
        judged.cpu_per_request(folder.record.cpu_s, folder.record.cpu_reason, len(attempts)),
    ):
        values |= more
        reasons |= why
    return Measures(
        values={name: values[name] for name in METRICS},
        reasons=reasons,
        window=window,
        steady=held is not None,
        requests=int(attempts["started"].between(begin, end, inclusive="left").sum()),
        quantiles=quantiles,
        backlog=judged.backlog(issues),
    )


def _accepts(
    folder: RunFolder, begin: float, end: float
) -> tuple[dict[str, float | None], dict[str, str], dict[str, float]]:
    shares = [percent / 100 for percent in PERCENTS]
    count, found = window_quantiles(folder.points, begin, end, shares, status=ACCEPTED)
    quantiles = dict(zip((f"p{percent}" for percent in PERCENTS), found, strict=False))
    names = {f"accept_p{percent}_ms": quantiles.get(f"p{percent}") for percent in (50, 95, 99)}
    reasons = {} if count else dict.fromkeys(names, "nobody was told 201 in the window")
    return names, reasons, quantiles
