"""A run over time: virtual users, response times and throughput on one axis with one cursor."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from rushlab.show import trouble, units
from rushlab.show.figures import upright
from rushlab.show.figures.chart import (
    MARKS,
    POINTS,
    Chart,
    axis,
    chart,
    limit_line,
    literal,
    logarithmic,
    numbers,
    title,
)
from rushlab.show.several import Several
from rushlab.show.views import RunView, Study

#: Each panel's axis, its share of the height from the bottom, and its heading.
PANELS: dict[str, tuple[tuple[float, float], str]] = {
    "y": ((0.85, 1.0), "virtual users"),
    "y2": ((0.35, 0.73), "response time, ms (log)"),
    "y3": ((0.0, 0.23), "throughput, per second"),
}

LATENCY = {"p50": "p50_ms", "p90": "p90_ms", "p95": "p95_ms", "max": "max_ms"}


def timelines(study: Study, profile: str) -> Several:
    """The timeline of every variant over one profile, all with the same scales."""
    views = [view for variant in study.variants if (view := study.view(variant, profile)) and has_timeline(view)]
    ranges = shared_ranges([view.timeline for view in views if view.timeline is not None])
    return Several(tuple(timeline(view, ranges) for view in views))


def has_timeline(view: RunView) -> bool:
    """Whether there is at least one second to draw."""
    return view.timeline is not None and not view.timeline.empty


def timeline(view: RunView, ranges: dict[str, Any] | None = None) -> Chart:
    """VUs, p50/p90/p95/max (log axis, ms) and requests and failures per second over the seconds of a run.

    `ranges` (from `shared_ranges`) lets several runs share their scales.

    Raises
    ------
    ValueError
        The run has no timeline.
    """
    if view.timeline is None or view.timeline.empty:
        raise ValueError(f"run {view.run.id} has no timeline")
    frame, step = binned(view.timeline)
    traces = [vus_line(frame), *latency_lines(frame), *throughput_lines(frame)]
    layout = _layout(view, step, ranges or shared_ranges([view.timeline]))
    layout["shapes"] += upright.shapes(view, float(view.timeline["second"].max()) + 1)
    figure = chart(traces, describe(view.label, view.timeline), _caption(view), **layout)
    figure.layout.meta["headed"] = True
    return figure


def shared_ranges(frames: list[pd.DataFrame]) -> dict[str, Any]:
    """Axis ranges that hold all frames: seconds, VUs, log10 ms, requests per second."""
    if not frames:
        return {}
    whole = pd.concat(frames)
    return {
        "x": [0, float(whole["second"].max()) + 1],
        "y": [0, _most_users(whole) * 1.1 or 1],
        "y2": _decades(whole[list(LATENCY.values())]),
        "y3": [0, float(whole["requests"].max()) * 1.1 or 1],
    }


def _most_users(frame: pd.DataFrame) -> float:
    """The highest number of virtual users; 0 where none are known."""
    return float(frame["vus"].fillna(0).max())


def _decades(times: pd.DataFrame) -> list[float]:
    low, high = float(times.min().min()), float(times.max().max())
    if math.isnan(low):
        return [0, 3]
    return [math.log10(max(low, 0.01)) - 0.1, math.log10(max(high, 0.02)) + 0.1]


def binned(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """At most `POINTS` rows and the seconds each stands for.

    A longer bin shows the highest of its seconds' percentiles (they cannot be averaged) and mean rates.
    """
    step = math.ceil(len(frame) / POINTS)
    if step == 1:
        return frame, 1
    rules = {"second": "min", "vus": "max", "requests": "mean", "failed": "mean"}
    rules |= dict.fromkeys(LATENCY.values(), "max")
    return frame.groupby(frame["second"] // step, as_index=False).agg(rules), step


def vus_line(frame: pd.DataFrame) -> go.Scatter:
    """Virtual users, as an area."""
    return _line(frame, "vus", "vus", "y", "%{y:,.0f}", name="virtual users", fill="tozeroy", showlegend=False)


def latency_lines(frame: pd.DataFrame) -> list[go.Scatter]:
    """p50, p90, p95 and the highest response time of each second, ms."""
    return [_line(frame, column, role, "y2", "%{y:,.4~g} ms", legend="legend") for role, column in LATENCY.items()]


def throughput_lines(frame: pd.DataFrame) -> list[go.Scatter]:
    """Requests and failures per second."""
    requests = _line(frame, "requests", "requests", "y3", "%{y:,.0f} /s", legend="legend2")
    failed = _line(frame, "failed", "failed", "y3", "%{y:,.0f} /s", legend="legend2", fill="tozeroy")
    return [requests, failed]


def _line(frame: pd.DataFrame, column: str, role: str, yaxis: str, hover: str, **more: Any) -> go.Scatter:
    mark = MARKS[role]
    return go.Scatter(
        x=[int(second) for second in frame["second"]],
        y=numbers(frame[column]),
        yaxis=yaxis,
        mode="lines",
        line={"color": mark.colour, "dash": mark.dash, "width": mark.width},
        connectgaps=False,
        meta={"role": role},
        hovertemplate=hover,
        **({"name": role} | more),
    )


def _layout(view: RunView, step: int, ranges: dict[str, Any]) -> dict[str, Any]:
    y2 = ranges.get("y2", [0, 3])
    times = logarithmic("ms (log)", decades=y2[1] - y2[0], domain=PANELS["y2"][0], range=y2, anchor="x")
    limit = trouble.limit_of(view)
    return {
        "title": title(view.label),
        "height": 620,
        "margin": {"l": 58, "r": 12, "t": 66, "b": 44},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "annotations": [_heading(panel, step) for panel in PANELS],
        "legend": _legend("y2"),
        "legend2": _legend("y3"),
        "shapes": [limit_line(x0=0, x1=1, xref="paper", y0=limit, y1=limit, yref="y2")] if limit else [],
        "xaxis": axis("seconds since the start", anchor="y3", range=ranges.get("x"), hoverformat=".0f"),
        "yaxis": axis("VUs", domain=PANELS["y"][0], range=ranges.get("y"), nticks=3, anchor="x"),
        "yaxis2": times,
        "yaxis3": axis("per second", domain=PANELS["y3"][0], range=ranges.get("y3"), anchor="x", nticks=4),
    }


def _heading(panel: str, step: int) -> dict[str, Any]:
    (_, top), text = PANELS[panel]
    text += f", highest of each {step} s" if panel == "y2" and step > 1 else ""
    where = {"x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "paper", "yanchor": "bottom"}
    above = 0 if panel == "y" else 18
    return {"text": f"<b>{text}</b>", "showarrow": False, "font": {"size": 11}, "yshift": above, "xshift": -4, **where}


def _legend(panel: str) -> dict[str, Any]:
    (_, top), _ = PANELS[panel]
    where = {"x": 0, "xanchor": "left", "y": top, "yanchor": "bottom"}
    return {"orientation": "h", "font": {"size": 11}, "itemwidth": 30, "entrywidth": 0, **where}


def _caption(view: RunView) -> str:
    limit = trouble.limit_of(view)
    across = [f"Dashed across: the threshold, {limit:,g} ms."] if limit else []
    return " ".join([*across, *upright.captions(view)])


def describe(label: str, frame: pd.DataFrame) -> str:
    """A timeline in one sentence."""
    text = (
        f"{literal(label)} over time: up to {units.count(int(_most_users(frame)))} virtual users in a second's mean, "
    )
    text += f"up to {units.count(int(frame['requests'].max()))} requests a second, "
    text += f"{units.count(int(frame['failed'].sum()))} failed"
    if frame["p95_ms"].isna().all():
        return text
    place = int(frame["p95_ms"].argmax())
    second, worst = int(frame["second"].iloc[place]), float(frame["p95_ms"].iloc[place])
    return f"{text}; p95 highest at second {second} with {units.duration(worst)}"
