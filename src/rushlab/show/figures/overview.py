"""All profiles at a glance: p95 and share of the bound, the report beside every variant."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from rushlab.show import support, units
from rushlab.show.figures.chart import MARKS, Chart, axis, chart, literal, logarithmic, variant_role
from rushlab.show.several import Several
from rushlab.show.views import RunView, Study

Value = Callable[[RunView], float | None]


def overview(study: Study) -> Several:
    """Two dot plots over the profiles: p95 in ms (log axis) and requests as a share of the bound."""
    return Several((_p95(study), _share(study)))


def _p95(study: Study) -> Chart:
    theirs = {name: found.p95 for name in study.profiles if (found := study.beside(name))}
    traces = _traces(study, theirs, _own_p95, "%{x:,.4~g} ms")
    figure = chart(traces, _describe(study, traces), **_layout(study, "95th percentile of the response time"))
    figure.update_layout(xaxis=logarithmic("p95 over all requests, ms (log)"))
    limit = MARKS["limit"]
    figure.add_shape(
        type="line", x0=1000, x1=1000, y0=0, y1=1, yref="paper", name="limit", layer="below",
        line={"color": limit.colour, "dash": limit.dash, "width": limit.width},
    )  # fmt: skip
    return figure


def _share(study: Study) -> Chart:
    theirs = {name: found.bound_share for name in study.profiles if (found := study.beside(name))}
    percent = {name: share * 100 for name, share in theirs.items() if share is not None}
    traces = _traces(study, percent, _own_share, "%{x:.1f} %")
    figure = chart(
        traces, _describe(study, traces), **_layout(study, "Requests, as a share of what the schedule allows")
    )
    figure.update_layout(xaxis=axis("share of the bound, %", range=[0, 105]))
    return figure


def _own_p95(view: RunView) -> float | None:
    figures = view.figures
    usable = figures and not view.objection and support.support(figures.requests, "p95") != "too few"
    return figures.p95_ms if figures and usable else None


def _own_share(view: RunView) -> float | None:
    figures = view.figures
    return figures.bound_share * 100 if figures and figures.bound_share is not None and not view.objection else None


def _traces(study: Study, theirs: dict[str, float | None], value: Value, hover: str) -> list[go.Scatter]:
    traces = [_dots("original report", "reference", {name: number for name, number in theirs.items() if number}, hover)]
    for index, (variant, views) in enumerate(study.variants.items()):
        own = {name: number for name, view in views.items() if (number := value(view)) is not None}
        traces.append(_dots(variant, variant_role(index), own, hover))
    return [trace for trace in traces if len(trace.x or ())]


def _dots(name: str, role: str, values: dict[str, float], hover: str) -> go.Scatter:
    mark = MARKS[role]
    return go.Scatter(
        x=[float(f"{number:.4g}") for number in values.values()],
        y=list(values),
        name=literal(name),
        mode="markers",
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 11, "line": {"width": 1.6, "color": mark.colour}},
        meta={"role": role},
        hovertemplate=f"{literal(name)}: {hover}<extra>%{{y}}</extra>",
    )


def _layout(study: Study, title: str) -> dict[str, object]:
    return {
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": 14}, "y": 0.97, "yanchor": "top"},
        "height": 130 + 38 * max(len(study.profiles), 2),
        "margin": {"l": 84, "r": 14, "t": 72, "b": 46},
        "yaxis": axis("", categoryorder="array", categoryarray=list(reversed(study.profiles))),
        "hovermode": "closest",
        "showlegend": True,
    }


def _describe(study: Study, traces: list[go.Scatter]) -> str:
    parts = [
        f"{trace.name} {y} {units.milliseconds(x)}" for trace in traces for x, y in zip(trace.x, trace.y, strict=True)
    ]
    return f"Scale {study.scale_label}: " + "; ".join(parts)
