"""What an experiment tried of the original report's recommendations, and whether its expectations held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rushlab.judge.experiment import typical
from rushlab.judge.guess_facts import Trial
from rushlab.judge.guesses import from_trials
from rushlab.model.comparison import Comparison, Outcome
from rushlab.model.experiment_result import ArmResult, Confirmation, ExperimentResult
from rushlab.model.guess import Answer, Changes, Guess
from rushlab.model.metric import METRICS


class Expectation(StrEnum):
    """What became of the expectation that an arm has no effect."""

    HELD = "held"
    BROKEN = "did not hold"
    OPEN = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One variant, with the comparison that counts for it; None = it has none.

    `fresh` are the runs that the comparison is of, where the variant was driven again; None: the experiment's own.
    """

    result: ExperimentResult
    arm: ArmResult
    comparison: Comparison | None
    fresh: Confirmation | None = None

    @property
    def exploratory(self) -> str | None:
        """Why its verdict is no more than a first look; None = it stands."""
        return self.result.exploratory or (self.fresh.exploratory if self.fresh else None)

    @property
    def typical(self) -> tuple[float | None, float | None]:
        """What the arm that it is held against and itself typically did, by its metric, in the runs that count."""
        return self._typical(self.against), self._typical(self.arm)

    def _typical(self, arm: ArmResult) -> float | None:
        if self.fresh is None:
            return arm.typical.get(self.arm.metric)
        runs = [run for run in self.fresh.runs if run.arm == arm.name and run.objection is None]
        return typical(runs, self.arm.metric)

    @property
    def against(self) -> ArmResult:
        """The arm that it is held against."""
        return self.result.arm(self.comparison.baseline if self.comparison else self.result.baseline)

    @property
    def changes(self) -> Changes:
        return changes(self.against, self.arm)

    @property
    def expectation(self) -> Expectation | None:
        """Whether a trap had no effect, as was expected; None for any other arm.

        Only equivalence shows that there is none: what is not shown to differ may still do so. An exploratory
        experiment shows neither.
        """
        if not self.arm.trap:
            return None
        verdict = self.comparison.verdict if self.comparison and not self.exploratory else None
        if verdict is Outcome.EQUIVALENT:
            return Expectation.HELD
        return Expectation.BROKEN if verdict in (Outcome.BETTER, Outcome.WORSE) else Expectation.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One measure of section 6: what was tried of it, and the answer (None: nothing that stands tried it)."""

    measure: Guess
    tried: tuple[Tried, ...]
    answer: Answer | None


def changes(before: ArmResult, after: ArmResult) -> Changes:
    """Knob → its values in both arms, for those that differ."""
    return {
        knob: (before.knobs[knob], value)
        for knob, value in after.knobs.items()
        if knob in before.knobs and before.knobs[knob] != value
    }


def tried(results: Sequence[ExperimentResult]) -> tuple[Tried, ...]:
    """Every variant, experiment by experiment."""
    return tuple(
        _tried(result, arm, result.comparison(arm.name, arm.metric))
        for result in results
        for arm in result.arms
        if arm.name != result.baseline
    )


def _tried(result: ExperimentResult, arm: ArmResult, own: Comparison | None) -> Tried:
    fresh = fresh_runs(result, own) if own else None
    return Tried(result=result, arm=arm, comparison=fresh.comparison if fresh else own, fresh=fresh)


def fresh_runs(result: ExperimentResult, one: Comparison) -> Confirmation | None:
    """The fresh runs that say the same as a comparison by which an arm was selected, once all of them are made.

    What they say takes its place: the best of several is biased upward, and they had no part in the selection.
    """
    found = result.winner.confirmation if result.winner else None
    again = found.comparison if found and found.complete else None
    if again is None or (again.variant, again.baseline, again.metric) != (one.variant, one.baseline, one.metric):
        return None
    return found


def recommendations(measures: Sequence[Guess], results: Sequence[ExperimentResult]) -> tuple[Recommendation, ...]:
    """The measures in the original's order, each with the arms that carry it out and what they say.

    An exploratory experiment shows its figures and decides nothing.
    """
    arms = tried(results)
    standing = [trial for result in results if not result.exploratory for trial in trials_of(result)]
    return tuple(
        Recommendation(
            measure=measure,
            tried=tuple(one for one in arms if measure.carried_out_by(one.changes)),
            answer=from_trials(measure, standing),
        )
        for measure in measures
        if measure.kind == "measure"
    )


def together(measures: Sequence[Guess], results: Sequence[ExperimentResult]) -> tuple[Tried, ...]:
    """Variants that stand for recommendations (they name a section) and are none of them alone."""
    alone = [measure for measure in measures if measure.kind == "measure"]
    return tuple(
        one for one in tried(results) if one.arm.section and not any(m.carried_out_by(one.changes) for m in alone)
    )


def trials_of(result: ExperimentResult) -> Iterator[Trial]:
    """Every declared comparison that has a verdict and an interval; that of fresh runs where an arm was driven again.

    Where these are exploratory, nothing is left that would settle anything.
    """
    for one in (_standing(result, own) for own in result.comparisons):
        if one and one.declared and one.verdict and one.ratio and one.interval:
            arm = result.arm(one.variant)
            yield Trial(
                experiment=result.experiment,
                arm=one.variant,
                against=one.baseline,
                changes=changes(result.arm(one.baseline), arm),
                metric=METRICS[one.metric].title,
                verdict=str(one.verdict),
                ratio=one.ratio,
                interval=one.interval,
                reason=one.reason,
                rate=METRICS[one.metric].unit == "1/s",
                trap=arm.trap,
            )


def _standing(result: ExperimentResult, own: Comparison) -> Comparison | None:
    fresh = fresh_runs(result, own)
    if fresh is None:
        return own
    return None if fresh.exploratory else fresh.comparison
