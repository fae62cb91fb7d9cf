"""Parts of a report whose number depends on what was run."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rushlab.show import figures, tables
from rushlab.show.answered import Answered, answered
from rushlab.show.questions import Questions
from rushlab.show.questions import questions as asked
from rushlab.show.run_series import NEVER
from rushlab.show.several import Heading, Several
from rushlab.show.views import RunView, Study

#: Profiles that have their own place in the notebook, in the report's order.
NAMED = ("smoke", "load", "stress-100", "stress-500", "peak-1500", "peak-2000")

NO_POINTS = "Nothing was recorded over time."
TOO_FEW = "Too few requests for a distribution."


@dataclass(frozen=True, slots=True)
class Remark:
    """One plain sentence."""

    text: str

    def _repr_html_(self) -> str:
        return f'<p class="rl-remark">{html.escape(self.text)}</p>'

    def __repr__(self) -> str:
        return self.text


def profiles(study: Study, *names: str) -> Several:
    """Both tables and the figures of each profile, under its own heading where there are several."""
    parts = (part for name in names for part in _profile(study, name, heading=len(names) > 1))
    return Several(tuple(parts))


def others(study: Study) -> Several:
    """Every profile of the study that the report does not have."""
    extra = [name for name in study.profiles if name not in NAMED]
    if not extra:
        return Several((Remark("This study has no other profiles."),))
    return Several(tuple(part for name in extra for part in _profile(study, name, heading=True)))


def course(view: RunView) -> Several:
    """A run over time, servers and all, and why they are not there; for a run without points that there is nothing."""
    chart = figures.course(view)
    reason = NEVER if view.series is None else view.series.reason
    remarks = (Remark(f"No data of the servers: {reason}."),) if reason else ()
    return Several((Remark(NO_POINTS) if chart is None else chart, *remarks))


def outcomes(study: Study, name: str) -> Several:
    """What became of a profile's requests, and what was answered where not all were issued."""
    made = (tables.outcome, tables.answers, tables.sale, tables.by_outcome)
    found = (make(study, name) for make in made)
    return Several(tuple(table for table in found if table is not None))


def guesses(study: Study) -> Answered:
    """Every guess and measure of the original with its verdict."""
    return answered(study)


def questions(study: Study) -> Questions:
    """What the original set out to learn, answered."""
    return asked(study)


def steps(study: Study) -> Several:
    """The pairs of profiles that the original discusses, or that this study has none of them."""
    table = tables.steps(study)
    return Several((Remark("This study has neither pair of profiles.") if table is None else table,))


def spread(study: Study, name: str) -> Several:
    """The distribution of a profile's response times, or that there are too few."""
    chart = figures.distribution(study, name)
    return Several((Remark(TOO_FEW) if chart is None else chart,))


def _profile(study: Study, name: str, heading: bool) -> Iterator[Any]:
    if heading:
        yield Heading(name)
    if name not in study.profiles:
        yield Remark(f"{name} is not part of this study.")
        return
    yield tables.latency(study, name)
    yield from outcomes(study, name)
    yield from figures.timelines(study, name)
    if any(view.series and not view.series.reason for view in study if view.run.profile.name == name):
        yield tables.inside(study, name)
    chart = figures.distribution(study, name)
    if chart is not None:
        yield chart
    cut = tables.stages(study, name)
    if cut is not None:
        yield cut
