"""How response times are distributed: their quantiles on a logarithmic axis."""

from __future__ import annotations

import plotly.graph_objects as go

from rushlab.show.figures.chart import MARKS, POINTS, Chart, axis, chart, literal, logarithmic, numbers, variant_role
from rushlab.show.views import RunView, Study


def distribution(study: Study, profile: str) -> Chart | None:
    """Share of requests answered within a time, per variant; None when no run has a distribution."""
    views = [(index, study.view(variant, profile)) for index, variant in enumerate(study.variants)]
    traces = [_curve(view, variant_role(index)) for index, view in views if view and view.distribution is not None]
    if not traces:
        return None
    title = {"text": f"{literal(profile)}: share answered within a time", "x": 0, "xref": "paper", "font": {"size": 14}}
    return chart(
        traces,
        f"{profile}: distribution of response times of {', '.join(trace.name for trace in traces)}",
        title=title | {"y": 0.97, "yanchor": "top"},
        height=340,
        margin={"l": 62, "r": 14, "t": 72, "b": 46},
        xaxis=logarithmic("response time, ms (log)"),
        yaxis=axis("requests answered, %", range=[0, 101]),
        hovermode="x unified",
        showlegend=True,
    )


def _curve(view: RunView, role: str) -> go.Scatter:
    frame = view.distribution
    assert frame is not None
    frame = frame.iloc[:: max(1, -(-len(frame) // POINTS))]
    mark = MARKS[role]
    return go.Scatter(
        x=numbers(frame["ms"]),
        y=numbers(frame["quantile"] * 100),
        name=literal(view.run.variant),
        mode="lines",
        line={"color": mark.colour, "dash": mark.dash, "width": mark.width},
        meta={"role": role},
        hovertemplate="%{y:.4~g} %",
    )
