"""Two experiments side by side."""

from __future__ import annotations

from dataclasses import dataclass

from rushlab.model.comparison import Comparison
from rushlab.model.experiment_result import ExperimentResult


@dataclass(frozen=True, slots=True)
class Pair:
    """Both results, a sentence for everything in which they are unlike, and the arms that both have, compared."""

    first: ExperimentResult
    second: ExperimentResult
    differences: tuple[str, ...]
    shared: tuple[Comparison, ...]

    @property
    def both(self) -> tuple[ExperimentResult, ExperimentResult]:
        return self.first, self.second
