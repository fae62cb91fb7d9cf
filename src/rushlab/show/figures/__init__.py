"""Every figure of a report: one function each, all returning `Chart` (a Plotly figure) or `Several` of them."""

from rushlab.show.figures.chart import Chart
from rushlab.show.figures.course import course
from rushlab.show.figures.glance import overview
from rushlab.show.figures.over_time import timeline, timelines
from rushlab.show.figures.spread import distribution

__all__ = ["Chart", "course", "distribution", "overview", "timeline", "timelines"]
