"""The course of one run: virtual users, response times, answers, and what every server did, under one cursor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rushlab.show import trouble
from rushlab.show.figures import over_time, upright
from rushlab.show.figures.chart import Chart, axis, chart, limit_line, literal, logarithmic, title
from rushlab.show.figures.course_panels import (
    ABOVE,
    HEADING,
    Panel,
    axis_name,
    from_points,
    from_series,
    numbered,
)
from rushlab.show.views import RunView

#: Pixels above the first panel and below the last.
TOP, BOTTOM = 40, 44


def course(view: RunView) -> Chart | None:
    """Panels on one time axis: VUs, response times, answers by outcome, then one per group of series.

    A panel whose series are not covered says "no data" and why. None for a run without points.
    """
    if not over_time.has_timeline(view) or view.timeline is None:
        return None
    panels = [*from_points(view, view.timeline), *from_series(view.series)]
    layout = _layout(view, panels)
    layout["shapes"] += upright.shapes(view, _last(panels))
    traces = [line for panel in panels for line in panel.lines]
    figure = chart(traces, over_time.describe(view.label, view.timeline), _caption(view, panels), **layout)
    figure.layout.meta["headed"] = True
    return figure


def _layout(view: RunView, panels: list[Panel]) -> dict[str, Any]:
    inner = sum(panel.room + panel.height for panel in panels)
    ends = {"x": [0, _last(panels)]}
    layout: dict[str, Any] = {
        "title": title(view.label) | {"y": 1 - 12 / (inner + TOP + BOTTOM)},
        "height": inner + TOP + BOTTOM,
        "margin": {"l": 62, "r": 12, "t": TOP, "b": BOTTOM},
        "hovermode": "x unified",
        "annotations": [],
        "shapes": [],
        "xaxis": axis(
            "seconds since the start",
            anchor="free",  # the lowest panel may have no lines, and then no axis
            position=0,
            range=ends["x"],
            hoverformat=".1f",
            showspikes=True,
            spikemode="across",
            spikesnap="cursor",
            spikethickness=1,
            spikedash="solid",
            spikecolor="rgba(128,136,148,0.8)",
        ),
    }
    below = inner
    for place, panel in enumerate(panels):
        top = below - panel.room
        domain = [max(0.0, (top - panel.height) / inner), top / inner]
        layout[numbered("yaxis", place)] = _panel_axis(panel, domain)
        layout[numbered("legend", place)] = _legend((below - ABOVE - HEADING) / inner)
        layout["annotations"] += _words(panel, (below - ABOVE) / inner, domain)
        below = top - panel.height
    if limit := trouble.limit_of(view):
        layout["shapes"].append(limit_line(x0=0, x1=1, xref="paper", y0=limit, y1=limit, yref=axis_name(1)))
    return layout


def _panel_axis(panel: Panel, domain: list[float]) -> dict[str, Any]:
    known = [value for line in panel.lines for value in line.y if value is not None]
    if not panel.logarithmic:
        top = max([*known, 0.0]) * 1.1 or 1
        return axis(panel.unit, domain=domain, anchor="x", range=[0, top], nticks=4)
    positive = [value for value in known if value > 0] or [1.0]
    low, high = math.log10(min(positive)) - 0.1, math.log10(max(positive)) + 0.1
    return logarithmic(f"{panel.unit} (log)", decades=high - low, domain=domain, anchor="x", range=[low, high])


def _legend(top: float) -> dict[str, Any]:
    where = {"x": 0, "xanchor": "left", "y": top, "yanchor": "top"}
    return {"orientation": "h", "font": {"size": 11}, "itemwidth": 30, "bgcolor": "rgba(0,0,0,0)", **where}


def _words(panel: Panel, top: float, domain: list[float]) -> Iterator[dict[str, Any]]:
    left = {"x": 0, "xref": "paper", "xanchor": "left", "yref": "paper", "showarrow": False, "align": "left"}
    yield {"text": f"<b>{panel.heading}</b>", "font": {"size": 11}, "y": top, "yanchor": "top", "xshift": -4, **left}
    if not panel.lines:
        told = f"no data: {panel.note or 'nothing was recorded'}"
        yield {"text": literal(_short(told)), "font": {"size": 11}, "y": sum(domain) / 2, "yanchor": "middle", **left}


def _short(text: str, longest: int = 90) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _last(panels: list[Panel]) -> float:
    return max((line.x[-1] for panel in panels for line in panel.lines if len(line.x)), default=1.0) + 0.5


def _caption(view: RunView, panels: list[Panel]) -> str:
    limit = trouble.limit_of(view)
    missing = [f"{panel.heading}: {panel.note}" for panel in panels if panel.note]
    parts = [
        f"Dashed across: the threshold, {limit:,g} ms." if limit else "",
        *upright.captions(view),
        "Own processes are read every second, exporters every five; a rate stands in the middle of its 2.5 intervals. "
        "Percentiles inside the service come from buckets.",
        f"No data: {'; '.join(missing)}." if missing else "",
    ]
    return " ".join(part for part in parts if part)
