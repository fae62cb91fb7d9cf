"""A run over time: virtual users, response times and throughput on one axis with one cursor."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from rushlab.show import units
from rushlab.show.figures.chart import MARKS, POINTS, Chart, axis, chart, literal, logarithmic, numbers
from rushlab.show.several import Several
from rushlab.show.views import RunView, Study

#: The three panels, from the bottom: axis → (share of the height).
PANELS = {"y3": (0.0, 0.27), "y2": (0.34, 0.79), "y": (0.86, 1.0)}

LATENCY = {"p50": "p50_ms", "p90": "p90_ms", "p95": "p95_ms", "max": "max_ms"}


def timelines(study: Study, profile: str) -> Several:
    """The timeline of every variant over one profile, all with the same scales."""
    views = [view for view in (study.view(variant, profile) for variant in study.variants) if view]
    frames = [view.timeline for view in views if view.timeline is not None and len(view.timeline)]
    ranges = shared_ranges(frames)
    return Several(
        tuple(timeline(view, **ranges) for view in views if view.timeline is not None and len(view.timeline))
    )


def timeline(view: RunView, **ranges: Any) -> Chart:
    """VUs, p50/p90/p95/max (log axis, ms) and requests and failures per second over the seconds of a run.

    Raises
    ------
    ValueError
        The run has no timeline.
    """
    if view.timeline is None or not len(view.timeline):
        raise ValueError(f"run {view.run.id} has no timeline")
    frame, step = binned(view.timeline)
    traces = [_vus(frame), *_latency(frame), *_throughput(frame)]
    return chart(traces, describe(view), **_layout(view, step, ranges or shared_ranges([view.timeline])))


def shared_ranges(frames: list[pd.DataFrame]) -> dict[str, Any]:
    """Axis ranges that hold all frames: seconds, VUs, log10 ms, requests per second."""
    if not frames:
        return {}
    whole = pd.concat(frames)
    times = whole[list(LATENCY.values())].stack()
    low, high = (times.min(), times.max()) if len(times) else (1.0, 1000.0)
    return {
        "x": [0, float(whole["second"].max()) + 1],
        "y": [0, float(whole["vus"].max()) * 1.1 or 1],
        "y2": [math.floor(math.log10(max(low, 0.01)) * 4) / 4, math.log10(max(high, 0.02)) + 0.12],
        "y3": [0, float(whole["requests"].max()) * 1.1 or 1],
    }


def binned(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """At most `POINTS` rows and the seconds each stands for.

    A longer bin shows the highest of its seconds' percentiles (they cannot be averaged) and mean rates.
    """
    step = math.ceil(len(frame) / POINTS)
    if step == 1:
        return frame, 1
    rules = {"second": "min", "vus": "max", "requests": "mean", "failed": "mean"} | dict.fromkeys(
        LATENCY.values(), "max"
    )
    return frame.groupby(frame["second"] // step, as_index=False).agg(rules), step


def _vus(frame: pd.DataFrame) -> go.Scatter:
    return _line(frame, "vus", "vus", "y", "virtual users", "%{y:,.0f}", fill="tozeroy")


def _latency(frame: pd.DataFrame) -> list[go.Scatter]:
    return [_line(frame, column, role, "y2", role, "%{y:,.4~g} ms") for role, column in LATENCY.items()]


def _throughput(frame: pd.DataFrame) -> list[go.Scatter]:
    requests = _line(frame, "requests", "requests", "y3", "requests", "%{y:,.0f} /s", dash="solid")
    failed = _line(frame, "failed", "failed", "y3", "failed", "%{y:,.0f} /s", fill="tozeroy")
    return [requests, failed]


def _line(frame: pd.DataFrame, column: str, role: str, yaxis: str, name: str, hover: str, **more: Any) -> go.Scatter:
    mark = MARKS[role]
    line = {"color": mark.colour, "dash": more.pop("dash", mark.dash), "width": mark.width}
    return go.Scatter(
        x=[int(second) for second in frame["second"]],
        y=numbers(frame[column]),
        yaxis=yaxis,
        name=name,
        mode="lines",
        line=line,
        connectgaps=False,
        meta={"role": role},
        hovertemplate=hover,
        **more,
    )


def _layout(view: RunView, step: int, ranges: dict[str, Any]) -> dict[str, Any]:
    per = "" if step == 1 else f", highest of {step} s"
    y = axis("VUs", domain=PANELS["y"], range=ranges.get("y"), nticks=4)
    y2 = logarithmic(f"response time, ms (log{per})", domain=PANELS["y2"], range=ranges.get("y2"), anchor="x")
    y3 = axis("per second", domain=PANELS["y3"], range=ranges.get("y3"), anchor="x", nticks=5)
    x = axis("seconds since the start", anchor="y3", range=ranges.get("x"), hoverformat=".0f", ticksuffix="")
    return {
        "title": {
            "text": literal(view.label),
            "x": 0,
            "xref": "paper",
            "font": {"size": 14},
            "y": 0.985,
            "yanchor": "top",
        },
        "height": 560,
        "margin": {"l": 62, "r": 14, "t": 74, "b": 46},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "xaxis": x,
        "yaxis": y | {"anchor": "x"},
        "yaxis2": y2,
        "yaxis3": y3,
    }


def describe(view: RunView) -> str:
    """The figure in one sentence."""
    frame = view.timeline
    assert frame is not None
    worst = frame.loc[frame["p95_ms"].idxmax()] if frame["p95_ms"].notna().any() else None
    text = f"{view.label} over time: up to {units.count(int(frame['vus'].max()))} virtual users, "
    text += f"up to {units.count(int(frame['requests'].max()))} requests a second, {units.count(int(frame['failed'].sum()))} failed"
    return (
        text
        if worst is None
        else f"{text}; p95 highest at second {int(worst['second'])} with {units.duration(worst['p95_ms'])}"
    )
