"""What stands upright in a figure over time: the onset of trouble, and what was broken on purpose."""

from __future__ import annotations

from typing import Any

from rushlab.show import trouble
from rushlab.show.broken import Breakage, breakages
from rushlab.show.figures.chart import LIMIT, limit_line
from rushlab.show.views import RunView

#: A shorter fault is drawn this long (s), so that it can be seen.
SHORTEST_S = 0.3


def shapes(view: RunView, last: float) -> list[dict[str, Any]]:
    """A dashed line at the onset, a shaded band per fault; `last` is the second at which the figure ends."""
    began = trouble.onset_of(view)
    bands = [_band(found, last) for found in breakages(view)]
    return [*bands, *([limit_line(x0=began.second, x1=began.second, y0=0, y1=1, yref="paper")] if began else [])]


def _band(found: Breakage, last: float) -> dict[str, Any]:
    end = last if found.end is None else max(found.end, found.start + SHORTEST_S)
    where = {"x0": found.start, "x1": end, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "rect", "layer": "below", "fillcolor": LIMIT.colour, "opacity": 0.15, "line": {"width": 0}, **where}


def captions(view: RunView) -> list[str]:
    """What they mean, in sentences."""
    began = trouble.onset_of(view)
    broken = "; ".join(found.words for found in breakages(view))
    return [
        *([f"Dashed upright: onset of trouble, {trouble.describe(began)}."] if began else []),
        *([f"Shaded, broken on purpose: {broken}."] if broken else []),
    ]
