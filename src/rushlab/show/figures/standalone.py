"""Figures in viewers that show a notebook's HTML only: nbconvert, and with it JupyterLab's own export.

plotly.js stands in the notebook once, compressed, in the output of the cell that calls `plotly_js`; every
figure is a little script that draws with it. Nothing is loaded, so an exported notebook opens offline.
JupyterLab itself draws the figures' data and needs neither; our own page has scripts of its own.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1] / "templates"

#: Marks the output that carries plotly.js; our own page leaves it out.
LIBRARY_MIME = "application/vnd.rushlab.plotly-js"


@dataclass(frozen=True, slots=True)
class Library:
    """plotly.js as an output of a notebook."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        said = repr(self)
        return {LIBRARY_MIME: said, "text/html": _library(), "text/plain": said}

    def __repr__(self) -> str:
        return "plotly.js, for the figures of this notebook exported to HTML"


def plotly_js() -> Library:
    """plotly.js for a notebook's export to HTML: the value of a cell before the first figure."""
    return Library()


def figure_html(data: dict[str, Any], description: str) -> str:
    """A figure that draws itself with the notebook's plotly.js; its description where there is none."""
    content = {"data": data.get("data", []), "layout": data.get("layout", {})}
    label, script = html.escape(description), _script("notebook_figure.js")
    box = f'<div role="img" aria-label="{label}"><p>{label}</p></div>'
    return f"{box}<script>({script})({script_safe(content)})</script>"


def script_safe(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


@cache
def source() -> str:
    """plotly.js, as the installed plotly package carries it."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


@cache
def _library() -> str:
    packed = base64.b64encode(gzip.compress(source().encode(), 6, mtime=0)).decode()
    return f'<script>({_script("notebook_plotly.js")})("{packed}")</script>'


@cache
def _script(name: str) -> str:
    return (SCRIPTS / name).read_text("utf-8").strip().removesuffix(";")
