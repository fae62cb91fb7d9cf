"""How response times are distributed: the share answered within a time, on a logarithmic axis."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from rushlab.show.figures.chart import (
    MARKS,
    POINTS,
    Chart,
    axis,
    chart,
    literal,
    logarithmic,
    numbers,
    title,
    variant_role,
)
from rushlab.show.tables.cells import ours
from rushlab.show.views import Study


def distribution(study: Study, profile: str) -> Chart | None:
    """Share of requests answered within a time, per variant; None when no run has a distribution."""
    curves = {
        variant: (variant_role(index), view.distribution)
        for index, variant in enumerate(study.variants)
        if (view := study.view(variant, profile)) and view.distribution is not None and not view.distribution.empty
    }
    if not curves:
        return None
    return chart(
        [_curve(variant, role, frame) for variant, (role, frame) in curves.items()],
        f"{profile}: distribution of response times of {', '.join(curves)}",
        title=title(f"{profile}: requests answered within a time"),
        height=360,
        xaxis=logarithmic("response time, ms (log)"),
        yaxis=axis("requests answered, %", range=[0, 101]),
        hovermode="x unified",
        showlegend=True,
    )


def _curve(variant: str, role: str, whole: pd.DataFrame) -> go.Scatter:
    frame = whole.iloc[:: math.ceil(len(whole) / POINTS)]
    mark = MARKS[role]
    return go.Scatter(
        x=numbers(frame["ms"]),
        y=numbers(frame["quantile"] * 100),
        name=literal(ours(variant)),
        mode="lines",
        line={"color": mark.colour, "dash": mark.dash, "width": mark.width},
        meta={"role": role},
        hovertemplate="%{y:.4~g} %",
    )
