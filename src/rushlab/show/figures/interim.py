"""A run while it is driven: virtual users, throughput and p95 so far, side by side and small."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from rushlab.show import units
from rushlab.show.figures.chart import MARKS, Chart, axis, chart, numbers, title

#: Each panel's axes, its share of the width, its heading, and role → column of what is drawn.
PANELS: tuple[tuple[str, tuple[float, float], str, dict[str, str]], ...] = (
    ("", (0.0, 0.28), "virtual users", {"vus": "vus"}),
    ("2", (0.36, 0.64), "requests and failures, per second", {"requests": "requests", "failed": "failed"}),
    ("3", (0.72, 1.0), "p95, ms", {"p95": "p95_ms"}),
)


def interim(run: str, frame: pd.DataFrame, planned_s: float) -> Chart:
    """The figures that k6 and the service have told so far, over the planned seconds.

    `frame` has one row per report: second, vus, requests and failed (per second since the row before),
    p95_ms (the service's, from its histogram; NaN where nothing was answered). For watching, never for a claim.
    """
    traces = [_line(frame, role, column, panel) for panel, _, _, lines in PANELS for role, column in lines.items()]
    layout: dict[str, Any] = {"title": title(run), "height": 230, "margin": {"l": 52, "r": 12, "t": 62, "b": 40}}
    end = max(planned_s, float(frame["second"].max()))
    for panel, domain, _, _ in PANELS:
        layout[f"xaxis{panel}"] = axis("seconds since the start", domain=domain, anchor=f"y{panel}", range=[0, end])
        layout[f"yaxis{panel}"] = axis("", anchor=f"x{panel}", rangemode="tozero", nticks=5)
    return chart(traces, _describe(run, frame), showlegend=False, annotations=[*map(_heading, PANELS)], **layout)


def _line(frame: pd.DataFrame, role: str, column: str, panel: str) -> go.Scatter:
    mark = MARKS[role]
    return go.Scatter(
        x=numbers(frame["second"]),
        y=numbers(frame[column]),
        xaxis=f"x{panel}",
        yaxis=f"y{panel}",
        name=role,
        mode="lines+markers",
        line={"color": mark.colour, "dash": mark.dash, "width": mark.width},
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 4},
        connectgaps=False,
        meta={"role": role},
    )


def _heading(panel: tuple[str, tuple[float, float], str, dict[str, str]]) -> dict[str, Any]:
    _, (left, _), text, _ = panel
    where = {"x": left, "xref": "paper", "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "bottom"}
    return {"text": f"<b>{text}</b>", "showarrow": False, "font": {"size": 11}, **where}


def _describe(run: str, frame: pd.DataFrame) -> str:
    last = frame.iloc[-1]
    p95 = "no p95 yet" if pd.isna(last["p95_ms"]) else f"p95 {units.duration(float(last['p95_ms']))}"
    rate = f"{last['requests']:,.0f} requests/s"
    return f"{run} after {last['second']:,.0f} s: {last['vus']:,.0f} virtual users, {rate}, {p95}"
