"""A Plotly figure in the one visual language of the workbench.

Every trace carries a role (`meta.role`). Its colour here is for notebooks; the page's script
looks the role up in the style sheet, so that dark, light and print each have their own colours.
Roles differ in dash or symbol as well as in colour: they hold in greyscale.
"""

from __future__ import annotations

import html
import json
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from rushlab.show.figures.standalone import figure_html

MIME = "application/vnd.plotly.v1+json"

#: Most points a trace may have; a longer series is binned first.
POINTS = 2000

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'

#: Text in notebooks, where light and dark themes share one figure: at least 4 : 1 on white and on #111.
INK = "#6d7480"


class Mark(NamedTuple):
    """How a role is drawn."""

    colour: str
    dash: str
    symbol: str
    width: float = 1.8


MARKS: dict[str, Mark] = {
    "reference": Mark("#6b7280", "dash", "diamond-open"),
    "variant-0": Mark("#d97a08", "solid", "circle"),
    "variant-1": Mark("#124f8c", "solid", "square"),
    "variant-2": Mark("#2a9d8f", "dot", "triangle-up"),
    "variant-3": Mark("#a63d74", "dashdot", "x"),
    "vus": Mark("#6b7280", "solid", "circle"),
    "p50": Mark("#124f8c", "solid", "circle", 2.4),
    "p90": Mark("#4a90d9", "dash", "circle", 1.6),
    "p95": Mark("#d97a08", "solid", "circle", 2.0),
    "max": Mark("#9aa1ab", "dot", "circle", 1.4),
    "requests": Mark("#124f8c", "solid", "circle", 2.0),
    "failed": Mark("#b3261e", "solid", "x"),
    "line-0": Mark("#124f8c", "solid", "circle"),
    "line-1": Mark("#d97a08", "solid", "square"),
    "line-2": Mark("#2a9d8f", "dash", "triangle-up"),
    "line-3": Mark("#a63d74", "dashdot", "x"),
    "line-4": Mark("#4a90d9", "dot", "diamond"),
    "line-5": Mark("#8a5300", "longdash", "cross"),
    "line-6": Mark("#6b7280", "dash", "star"),
    "line-7": Mark("#22663a", "longdashdot", "hexagon"),
}

#: A limit's line: one colour that is seen on light and dark ground.
LIMIT = Mark("#c9453c", "dash", "circle", 1.2)


def variant_role(index: int) -> str:
    """The role of the variant at that place in a study; the roles repeat after four."""
    return f"variant-{index % 4}"


class Chart(go.Figure):  # type: ignore[misc]  # plotly ships no types
    """A Plotly figure that shows itself as data, and as HTML for viewers that show nothing else (see `standalone`)."""

    _ipython_display_ = None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, Any]:
        data, described = json.loads(self.to_json()), self.description
        return {MIME: data, "text/html": figure_html(data, described), "text/plain": described}

    def _repr_html_(self) -> None:
        """None: the bundle above is the whole representation."""

    @property
    def description(self) -> str:
        """What the figure shows, in one sentence, for those who cannot see it."""
        return str((self.layout.meta or {}).get("description", "Figure"))

    def __repr__(self) -> str:
        return self.description


def chart(traces: list[go.Scatter], description: str, caption: str = "", **layout: Any) -> Chart:
    """A chart of these traces.

    `description` says what is seen, in one sentence with figures and units; `caption` is the line below the figure.
    """
    figure = Chart(data=traces)
    figure.update_layout(template="none", meta={"description": description, "caption": caption})
    figure.update_layout(
        font={"family": FONT, "size": 12, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 62, "r": 14, "t": 72, "b": 46},
        separators=".,",
        hoverlabel={"font": {"family": FONT, "size": 12}, "namelength": -1},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        dragmode=False,
    )
    figure.update_layout(**layout)
    return figure


def title(text: str) -> dict[str, Any]:
    """A title at the figure's upper left, above the labels of the axis too: narrow figures need the room."""
    head = {"text": literal(text), "font": {"size": 14}, "y": 0.975, "yanchor": "top"}
    return head | {"x": 0, "xref": "container", "pad": {"l": 12}}


def axis(name: str, **more: Any) -> dict[str, Any]:
    """An axis with its name (and unit) and light grid lines."""
    lines = {"gridcolor": "rgba(128,136,148,0.25)", "linecolor": "rgba(128,136,148,0.6)", "zeroline": False}
    return {"title": {"text": name, "standoff": 8}, **lines, "automargin": True, "tickformat": ",", **more}


def logarithmic(name: str, decades: float = 1.0, **more: Any) -> dict[str, Any]:
    """A logarithmic axis: ticks at each power of ten, with 2 and 5 between when few `decades` are shown."""
    bases = (1, 2, 5) if decades <= 2 else (1,)
    ticks = [base * 10**power for power in range(-2, 7) for base in bases]
    return axis(name, type="log", tickvals=ticks, ticktext=[f"{tick:,g}" for tick in ticks], **more)


def limit_line(**where: Any) -> dict[str, Any]:
    """A dashed line for a limit; give both ends of the other axis as a share (0, 1)."""
    line = {"color": LIMIT.colour, "dash": LIMIT.dash, "width": LIMIT.width}
    return {"type": "line", "layer": "below", "line": line, **where}


def numbers(values: Any) -> list[float | None]:
    """Plain numbers with four significant digits; None where there is no value, so that gaps stay gaps."""
    return [None if pd.isna(value) else float(f"{value:.4g}") for value in values]


def literal(text: str) -> str:
    """Text that Plotly's own little markup leaves as it is."""
    return html.escape(text, quote=False)
