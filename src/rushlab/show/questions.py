"""The three questions that the original report set out with (its section 1), answered from the runs of a study."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass

from rushlab.show.replies import bottleneck, broker, limit
from rushlab.show.reply import Reply
from rushlab.show.table_html import notebook_style
from rushlab.show.views import Study

#: Question → what answers it for one variant of a study.
ASKED: dict[str, Callable[[Study, str], Reply]] = {
    "Does the broker do its job under a spike?": broker,
    "Where is the bottleneck?": bottleneck,
    "Where is the limit?": limit,
}


@dataclass(frozen=True, slots=True)
class Questions:
    """Each question with one reply per variant."""

    replies: dict[str, tuple[Reply, ...]]

    def _repr_html_(self) -> str:
        parts = (
            f'<p class="rl-legend-head">{html.escape(asked)}</p>'
            f'<ul class="rl-findings">{"".join(reply.markup() for reply in replies)}</ul>'
            for asked, replies in self.replies.items()
        )
        return notebook_style() + "".join(parts)

    def __repr__(self) -> str:
        lines = ((asked, *(f"- {reply.sentence}" for reply in replies)) for asked, replies in self.replies.items())
        return "\n".join(line for group in lines for line in group)


def questions(study: Study) -> Questions:
    """The three questions, each answered for every variant of the study."""
    return Questions({asked: tuple(answer(study, name) for name in study.variants) for asked, answer in ASKED.items()})
