"""How response times are distributed: the share answered within a time, both axes stretched where they matter."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rushlab.judge.headline import GREY_SAMPLES, Weight
from rushlab.show import support, trouble, units
from rushlab.show.figures.chart import (
    MARKS,
    Chart,
    axis,
    chart,
    limit_line,
    literal,
    logarithmic,
    numbers,
    title,
    variant_role,
)
from rushlab.show.tables.cells import ours
from rushlab.show.views import RunView, Study

#: Percentiles that have a line across the figure.
PERCENTILES = (0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999)

#: Where p95 lies on the axis, for the threshold's corner.
P95 = 0.95

#: variant → its role, its run, its quantiles below 1.
Curves = dict[str, tuple[str, RunView, pd.DataFrame]]


def distribution(study: Study, profile: str) -> Chart | None:
    """Share of requests answered within a time (ms, log axis), per variant, with a line per percentile.

    The axis of shares is stretched toward 100 %: each further nine (90, 99, 99.9 %) takes the same
    height. Curves end where fewer than ten requests are slower. None when no run has requests enough.
    """
    curves = _curves(study, profile)
    if not curves:
        return None
    top = max(_height(frame["quantile"].iloc[-1]) for _, _, frame in curves.values())
    limit = next((found for _, view, _ in curves.values() if (found := trouble.limit_of(view))), None)
    times = [float(frame["ms"].iloc[place]) for _, _, frame in curves.values() for place in (0, -1)]
    return chart(
        [_curve(variant, role, frame) for variant, (role, _, frame) in curves.items()],
        _describe(profile, curves),
        _caption(limit),
        title=title(f"{profile}: response times"),
        height=400,
        xaxis=logarithmic("response time, ms (log)", decades=_decades(times)),
        yaxis=_shares(top),
        shapes=_corner(limit) if limit else [],
        hovermode="closest",
        showlegend=True,
    )


def _curves(study: Study, profile: str) -> Curves:
    found: Curves = {}
    for index, variant in enumerate(study.variants):
        view = study.view(variant, profile)
        frame = _supported(view) if view else None
        if view and frame is not None and not frame.empty:
            found[variant] = (variant_role(index), view, frame)
    return found


def _supported(view: RunView) -> pd.DataFrame | None:
    """The quantiles with ten requests or more beyond them; None when not even p90 has."""
    requests = view.figures.requests if view.figures else 0
    if view.distribution is None or support.support(requests, "p90") is Weight.TOO_FEW:
        return None
    return view.distribution[view.distribution["quantile"] <= 1 - GREY_SAMPLES / requests]


def _height(quantile: float) -> float:
    """Where a quantile lies: 0 at 0 %, 1 at 90 %, 2 at 99 %."""
    return -math.log10(1 - quantile)


def _curve(variant: str, role: str, frame: pd.DataFrame) -> go.Scatter:
    mark = MARKS[role]
    return go.Scatter(
        x=numbers(frame["ms"]),
        y=numbers(-np.log10(1 - frame["quantile"])),
        customdata=[f"{share:.6g}" for share in frame["quantile"] * 100],
        name=literal(ours(variant)),
        mode="lines",
        line={"color": mark.colour, "dash": mark.dash, "width": mark.width},
        meta={"role": role},
        hovertemplate=f"{literal(ours(variant))}: %{{customdata}} % within %{{x:,.4~g}} ms<extra></extra>",
    )


def _shares(top: float) -> dict[str, object]:
    shown = [share for share in PERCENTILES if _height(share) <= top]
    labels = [f"{share * 100:.6g} %" for share in shown]
    ticks = {"tickvals": [_height(share) for share in shown], "ticktext": labels}
    return axis("requests answered", range=[0, top * 1.03], **ticks)


def _decades(times: list[float]) -> float:
    return math.log10(max(times) / max(min(times), 0.01)) if max(times) > 0 else 1.0


def _corner(limit: float) -> list[dict[str, object]]:
    """The threshold on the p95: a curve that meets it crosses the 95 % line left of the limit."""
    height = _height(P95)
    return [
        limit_line(x0=limit, x1=limit, y0=0, y1=1, yref="paper"),
        limit_line(x0=0, x1=1, xref="paper", y0=height, y1=height),
    ]


def _caption(limit: float | None) -> str:
    told = "Percentiles are the lines across; each further nine takes the same height. "
    told += f"Curves end where fewer than {GREY_SAMPLES} requests are slower."
    if limit is None:
        return told
    return f"{told} Dashed: the threshold, p95 below {limit:,g} ms: met where the curve passes 95 % left of it."


def _describe(profile: str, curves: Curves) -> str:
    parts = [
        f"{literal(ours(variant))}: half within {units.duration(_at(frame, 0.5))}, "
        f"90 % within {units.duration(_at(frame, 0.9))}"
        for variant, (_, _, frame) in curves.items()
    ]
    return f"{profile}: distribution of response times. {'; '.join(parts)}"


def _at(frame: pd.DataFrame, quantile: float) -> float:
    return float(np.interp(quantile, frame["quantile"], frame["ms"]))
