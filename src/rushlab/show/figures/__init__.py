"""Every figure of a report: one function each, all returning `Chart` (a Plotly figure) or `Several` of them."""

from rushlab.show.figures.chart import Chart
from rushlab.show.figures.distribution import distribution
from rushlab.show.figures.overview import overview
from rushlab.show.figures.timeline import timeline, timelines

__all__ = ["Chart", "distribution", "overview", "timeline", "timelines"]
