"""Parts of a report whose number depends on what was run."""

from __future__ import annotations

from typing import Any

from rushlab.show import figures, tables
from rushlab.show.several import Heading, Several
from rushlab.show.views import Study

#: Profiles that have their own place in the notebook, in the report's order.
NAMED = ("smoke", "load", "stress-100", "stress-500", "peak-1500", "peak-2000")


def profile(study: Study, name: str, heading: bool = True) -> Several:
    """Both tables and the timelines of one profile; one sentence when it was not run."""
    if name not in study.profiles:
        return Several((Remark(f"{name} is not part of this study."),))
    parts: list[Any] = [Heading(name)] if heading else []
    parts += [tables.latency(study, name), tables.outcome(study, name), *figures.timelines(study, name)]
    spread = figures.distribution(study, name)
    return Several((*parts, spread) if spread else tuple(parts))


def others(study: Study) -> Several:
    """Every profile of the study that the report does not have."""
    extra = [name for name in study.profiles if name not in NAMED]
    if not extra:
        return Several((Remark("This study has no other profiles."),))
    return Several(tuple(item for name in extra for item in profile(study, name)))


class Remark:
    """One plain sentence."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_html_(self) -> str:
        import html

        return f'<p class="rl-remark">{html.escape(self.text)}</p>'

    def __repr__(self) -> str:
        return self.text
