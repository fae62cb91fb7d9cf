"""Every figure of a report: functions that return `Chart` (a Plotly figure) or `Several`; and what draws them."""

from rushlab.show.figures.chart import Chart
from rushlab.show.figures.course import course
from rushlab.show.figures.glance import overview
from rushlab.show.figures.over_time import timeline, timelines
from rushlab.show.figures.spread import distribution
from rushlab.show.figures.standalone import plotly_js

__all__ = ["Chart", "course", "distribution", "overview", "plotly_js", "timeline", "timelines"]
