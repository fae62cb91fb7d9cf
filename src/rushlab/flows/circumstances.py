"""The circumstances of a run, judged from its folder: provenance, load, generator, environment, series, steadiness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from rushlab.judge.coverage import series_covered
from rushlab.judge.environment import background_share, undisturbed
from rushlab.judge.laws import SHORTEST_S, LawFacts, Users, accounting_laws, mean_vus, windows
from rushlab.judge.offered import offered_load
from rushlab.judge.provenance import provenance
from rushlab.judge.starved import GeneratorFacts, generator_not_starved
from rushlab.judge.steady import steady_state
from rushlab.model.profile import Profile
from rushlab.model.run import Run
from rushlab.model.series import SeriesFacts
from rushlab.model.verdict import Check
from rushlab.world import points, points_laws, points_load, prometheus
from rushlab.world.folders import RunFolder

#: The backend whose processes share their machine with the load generator.
SHARED = ("native", "docker")

NO_CPU = "CPU time or its series were not recorded"
#: Series in which the service's processes tell their own CPU time, in per cent of a core.
OWN_CPU = ("cpu_service", "cpu_relay", "cpu_consumer")

Collected = tuple[pd.DataFrame | None, SeriesFacts | None]


def circumstances(folder: RunFolder) -> list[Check]:
    """V0 and V4 to V9 of a run (PointsError when its points are missing)."""
    collected = prometheus.load(folder.path)
    return list(_checks(folder.record, folder.points, collected))


def measured_window(record: Run) -> tuple[float | None, float | None]:
    """Epoch seconds from the begin of the load until it had ended and all had drained; None = not known."""
    timing = record.timing
    known = [moment for moment in (timing.ended, timing.drained) if moment is not None]
    return timing.started, max(known) if known else None


def counted_s(record: Run) -> float | None:
    """Seconds over which the CPU time of a run was counted; None = not known, as of older runs that did not drain."""
    begin, end = measured_window(record)
    if record.cpu_over_s is not None or record.timing.drained is None or begin is None or end is None:
        return record.cpu_over_s
    return end - begin


def _checks(record: Run, parquet: Path, collected: Collected) -> Iterator[Check]:
    profile, model = record.profile.at_scale(record.scale), record.load.model
    begin, end = measured_window(record)
    yield provenance(record.environment, record.knobs)
    dropped, made = points_load.dropped(parquet)
    vus = points.vus(parquet)
    yield offered_load(profile, model, started=begin, vus=vus, dropped=dropped, iterations=made)
    yield generator_not_starved(_generator(record, profile, parquet, collected))
    yield _environment(record)
    yield series_covered(*collected, begin, end)
    yield steady_state(profile, points.timeline(parquet, record.timing.begun))
    yield accounting_laws(_laws(record, profile, parquet, vus, collected[0]))


def _generator(record: Run, profile: Profile, parquet: Path, collected: Collected) -> GeneratorFacts:
    pause_s = 0.0 if record.load.model == "open" else profile.pause_s
    frame, (begin, end) = collected[0], measured_window(record)
    during = None if frame is None else frame[(frame["at"] >= (begin or 0.0)) & (frame["at"] <= (end or 0.0))]
    request_ms = points.durations(parquet)["p95"]
    return GeneratorFacts(
        lateness_ms=points_load.lateness_p95(parquet, pause_s),
        request_ms=None if request_ms is None else float(request_ms),
        waiting=_mean(during, "cpu_waits", '{"process": "k6"}'),
        memory_share=_memory_share(during),
        swapped_bytes=_growth(during, "swapped"),
        cpu_s=record.cpu_s,
        shared=record.environment.get("backend") in SHARED,
    )


def _laws(record: Run, profile: Profile, parquet: Path, vus: pd.DataFrame, frame: pd.DataFrame | None) -> LawFacts:
    begin, end = measured_window(record)
    length = None if begin is None or end is None else end - begin
    counted = counted_s(record) if record.timing.drained is None else length  # the service idles before the load
    lacking = [] if (frame is not None and record.cpu_s) or not length or length < SHORTEST_S else [NO_CPU]
    if begin is None or vus.empty:
        return LawFacts(model=record.load.model, lacking=["k6's VUs are not known"])
    spans = windows(profile, begin, vus)
    spent = points_laws.mean_within(parquet, spans)
    return LawFacts(
        model=record.load.model,
        users=[Users(span, mean_vus(vus, span), one) for span, one in zip(spans, spent, strict=True)],
        busy=dict(_busy(record, frame, begin, counted)) if length and counted else {},
        length_s=length,
        lacking=lacking,
    )


def _busy(
    record: Run, frame: pd.DataFrame | None, begin: float, counted: float
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Each process of the service: its share of a core by its own series, and by the CPU time that was metered."""
    if frame is None or record.cpu_s is None:
        return
    own = frame[frame["name"].isin(OWN_CPU) & frame["at"].between(begin, begin + counted)]
    for labels, rows in own.groupby("labels"):
        process = json.loads(str(labels)).get("instance")
        if process in record.cpu_s and rows["value"].notna().any():
            yield process, (float(rows["value"].mean()) / 100, record.cpu_s[process] / counted)


def _environment(record: Run) -> Check:
    around = record.environment.get("surroundings") or {}
    cores, counted = (record.environment.get("host") or {}).get("cores"), counted_s(record)
    capacity = cores * counted if cores and counted else None
    return undisturbed(
        restarted=around.get("restarted"),
        planned=[fault.process for fault in record.faults],
        oom_kills=around.get("oom_kills"),
        background=background_share(record.cpu_s, capacity),
    )


def _values(during: pd.DataFrame | None, name: str, labels: str | None = None) -> pd.Series[float] | None:
    """Numbers of one series in time order; None without any."""
    if during is None:
        return None
    found = during[(during["name"] == name) & ((during["labels"] == labels) if labels else True)]
    values = found.sort_values("at")["value"].dropna()
    return None if values.empty else values


def _mean(during: pd.DataFrame | None, name: str, labels: str) -> float | None:
    values = _values(during, name, labels)
    return None if values is None else float(values.mean())


def _growth(during: pd.DataFrame | None, name: str) -> float | None:
    values = _values(during, name)
    return None if values is None else float(values.iloc[-1] - values.iloc[0])


def _memory_share(during: pd.DataFrame | None) -> float | None:
    """The largest share of the machine's memory that was in use."""
    free, total = _values(during, "memory_free"), _values(during, "memory_all")
    return None if free is None or total is None else 1 - float(free.min()) / float(total.max())
