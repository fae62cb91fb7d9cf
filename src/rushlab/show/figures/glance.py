"""All profiles at a glance: p95 and share of the bound, the original report beside every variant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from rushlab.show import trouble, units
from rushlab.show.claims import doubt, supported, usable
from rushlab.show.figures.chart import (
    MARKS,
    Chart,
    axis,
    chart,
    limit_line,
    literal,
    logarithmic,
    title,
    variant_role,
)
from rushlab.show.several import Several
from rushlab.show.tables.cells import ORIGINAL, ours
from rushlab.show.views import Study

#: What a figure shows: heading → profile → value.
Values = Mapping[str, Mapping[str, float]]
#: Heading → profile → why its run is held against nothing.
Doubtful = Mapping[str, Mapping[str, str]]

#: The legend's entry for hollow marks.
HOLLOW = "hollow: doubtful, held against nothing"


def overview(study: Study) -> Several:
    """Two dot plots over the profiles: p95 in ms (log axis) and requests as a share of the bound.

    Runs that are INVALID or failed their audit are left out, and percentiles with too few samples; the
    marks of runs that are held against nothing (`claims.doubt`) are hollow.
    """
    return Several((_p95(study), _share(study)))


def _doubtful(study: Study) -> Doubtful:
    return {
        ours(variant): {name: why for name, view in views.items() if (why := doubt(view)) is not None}
        for variant, views in study.variants.items()
    }


def _p95(study: Study) -> Chart:
    values: dict[str, dict[str, float]] = {ORIGINAL: _original(study, "p95")}
    for variant in study.variants:
        values[ours(variant)] = {view.run.profile.name: p95 for view, _, p95 in supported(study, variant)}
    limits = sorted({limit for view in study if (limit := trouble.limit_of(view))})
    lines = [limit_line(x0=limit, x1=limit, y0=0, y1=1, yref="paper") for limit in limits]
    told = ", ".join(f"{limit:,g} ms" for limit in limits)
    return _dot_plot(
        study,
        values,
        ("Response time, 95th percentile", "ms", f"Dashed line: the threshold, {told}." if told else ""),
        xaxis=logarithmic("p95 over all requests, ms (log)", decades=_decades(values, limits), tickangle=0),
        shapes=lines,
    )


def _decades(values: Values, limits: list[float]) -> float:
    """How many powers of ten the figure spans."""
    shown = [*limits, *(value for found in values.values() for value in found.values() if value > 0)]
    return math.log10(max(shown) / min(shown)) if shown else 1.0


def _share(study: Study) -> Chart:
    inferred = [name for name in study.profiles if (beside := study.beside(name)) and beside.stages_are]
    theirs = _original(study, "bound_share", 100)
    values: dict[str, dict[str, float]] = {
        ORIGINAL: {name: value for name, value in theirs.items() if name not in inferred}
    }
    for variant in study.variants:
        shares = [(view.run.profile.name, figures.bound_share) for view, figures in usable(study, variant)]
        values[ours(variant)] = {name: share * 100 for name, share in shares if share is not None}
    return _dot_plot(
        study,
        values,
        (
            "Requests, share of the bound",
            "%",
            "100 %: all the requests that the schedule of users allows, if each is answered at once."
            + "".join(f" The original's stages of {name} are inferred from its count: no share." for name in inferred),
        ),
        xaxis=axis("requests / bound, %", range=[0, 105]),
    )


def _original(study: Study, figure: str, factor: float = 1) -> dict[str, float]:
    found = {name: getattr(beside, figure) for name in study.profiles if (beside := study.beside(name))}
    return {name: value * factor for name, value in found.items() if value is not None}


def _dot_plot(study: Study, values: Values, words: tuple[str, str, str], **layout: Any) -> Chart:
    heading, unit, caption = words
    roles = ["reference", *(variant_role(index) for index in range(len(study.variants)))]
    pairs = zip(values.items(), roles, strict=True)
    doubtful = _doubtful(study)
    traces = [_dots(name, role, found, unit, doubtful.get(name, {})) for (name, found), role in pairs if found]
    if any(profile in doubtful.get(name, {}) for name, found in values.items() for profile in found):
        traces.append(_hollow())
    shown = [name for name in study.profiles if any(name in found for found in values.values())]
    frame = {
        "title": title(heading),
        "height": 150 + 38 * max(len(shown), 2),
        "margin": {"l": 84, "r": 14, "t": 92, "b": 46},
        "yaxis": axis("", categoryorder="array", categoryarray=list(reversed(shown)), tickformat=""),
        "hovermode": "closest",
        "showlegend": True,
    }
    return chart(traces, _describe(study, heading, unit, values), caption, **frame, **layout)


def _dots(name: str, role: str, values: Mapping[str, float], unit: str, doubtful: Mapping[str, str]) -> go.Scatter:
    mark = MARKS[role]
    symbols = [f"{mark.symbol}-open" if profile in doubtful else mark.symbol for profile in values]
    why = [f"<br>{literal(doubtful[profile])}" if profile in doubtful else "" for profile in values]
    return go.Scatter(
        x=[float(f"{number:.4g}") for number in values.values()],
        y=list(values),
        name=literal(name),
        mode="markers",
        marker={"color": mark.colour, "symbol": symbols, "size": 11, "line": {"width": 1.6, "color": mark.colour}},
        meta={"role": role},
        customdata=why,
        hovertemplate=f"{literal(name)}: %{{x:,.4~g}} {unit}%{{customdata}}<extra>%{{y}}</extra>",
    )


def _hollow() -> go.Scatter:
    """Nothing but an entry of the legend."""
    mark = MARKS["reference"]
    look = {"color": mark.colour, "symbol": "circle-open", "size": 11, "line": {"width": 1.6, "color": mark.colour}}
    return go.Scatter(x=[None], y=[None], name=HOLLOW, mode="markers", marker=look, meta={"role": "reference"})


def _describe(study: Study, heading: str, unit: str, values: Values) -> str:
    doubtful = _doubtful(study)
    parts = [
        f"{name}: "
        + ", ".join(
            f"{profile} {units.milliseconds(value)} {unit}{' (doubtful)' * (profile in doubtful.get(name, {}))}"
            for profile, value in found.items()
        )
        for name, found in values.items()
        if found
    ]
    return f"{heading}, scale {study.scale_label}. " + "; ".join(parts)
