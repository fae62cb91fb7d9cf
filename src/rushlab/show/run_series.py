"""What Prometheus saw of a run, as figures and tables take it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rushlab.judge.coverage import Coverage, coverages
from rushlab.model.series import SERIES, SeriesFacts

if TYPE_CHECKING:
    import pandas as pd

#: Seconds between the middle of what a sample tells and its moment, by series.
BEHIND_S = {one.name: one.behind_s for one in SERIES}

NEVER = "no series were collected of this run"


@dataclass(frozen=True, slots=True)
class RunSeries:
    """Series of a run between its begin and its end (epoch seconds).

    `frame` has one row per value: name, labels (JSON), at (epoch seconds), value; None with its reason in `facts`, or
    for a run that is older than the collection.
    """

    frame: pd.DataFrame | None
    facts: SeriesFacts | None
    begin: float
    end: float

    @property
    def reason(self) -> str:
        """Why there is nothing; empty when there is something."""
        if self.frame is not None:
            return ""
        return (self.facts.reason if self.facts else None) or NEVER

    @property
    def coverages(self) -> dict[str, Coverage]:
        """How well each series is covered, by its name; empty without series."""
        if self.frame is None or self.facts is None:
            return {}
        return coverages(self.frame, self.facts.missing, self.begin, self.end)

    def lines(self, name: str) -> list[tuple[dict[str, str], pd.DataFrame]]:
        """Labels and rows (second since the begin, value) of every line of a series, in the order of their labels."""
        if self.frame is None:
            return []
        rows = self.frame[self.frame["name"] == name]
        during = rows[(rows["at"] >= self.begin) & (rows["at"] <= self.end)]
        return [
            (json.loads(str(labels)), found.assign(second=found["at"] - self.begin)[["second", "value"]])
            for labels, found in during.groupby("labels", sort=True)
        ]

    def centred(self, name: str) -> list[tuple[dict[str, str], pd.DataFrame]]:
        """As `lines`, each second the middle of what its sample tells: a rate looks back over several scrapes."""
        behind_s = BEHIND_S[name]
        return [(labels, rows.assign(second=rows["second"] - behind_s)) for labels, rows in self.lines(name)]
