"""Section 6 of the original report, measured: each recommendation with its experiment, effect, verdict and sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from rushlab.judge.guess_answers import left_open
from rushlab.judge.trials import Expectation, Recommendation, Tried, recommendations
from rushlab.judge.trials import together as judged_together
from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.guess import Answer, Guess, Problem
from rushlab.model.metric import METRICS
from rushlab.show import comparing, experiment, units
from rushlab.show.answered import Answered
from rushlab.show.experiment_words import TONES, interval, ratio, value, verdict
from rushlab.show.figures import experiment as drawn
from rushlab.show.finding import Finding, Findings
from rushlab.show.sections import Remark
from rushlab.show.several import Heading, Several
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import unknown
from rushlab.show.tables.guesses import TONES as DECISION_TONES

NOT_TRIED, NOT_DECIDED = "not measured here", "not decided here"
RULE = (
    "Decided from these experiments alone: confirmed when a variant that changes only the measure's own knobs is "
    "better and none is worse, refuted when all are worse or equivalent. Where no effect was expected (a trap), a "
    "measure is refuted there only. An equal rate says nothing: both variants may have met the load."
)
COLUMNS = tuple(
    Column(name, number=name in ("before", "with it", "ratio", "blocks"))
    for name in (
        "verdict", "ratio", "95 % interval", "judged by", "against", "before", "with it", "blocks", "expected",
    )
)  # fmt: skip
EXPECTATION_TONES: dict[Expectation, Tone] = {
    Expectation.HELD: "good",
    Expectation.BROKEN: "bad",
    Expectation.OPEN: "warn",
}


@dataclass(frozen=True, slots=True)
class SectionSix:
    """Experiments (the first is the one that the page is about) against the original's measures and problems."""

    results: tuple[ExperimentResult, ...]
    measures: tuple[Guess, ...]
    problems: tuple[Problem, ...]

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        return recommendations(self.measures, self.results)

    @property
    def together(self) -> tuple[Tried, ...]:
        return judged_together(self.measures, self.results)


def summary(page: SectionSix) -> Table:
    """One line per recommendation: what was decided, by which figure, in which experiment."""
    names = ("section", "verdict", "effect", "95 % interval", "judged by", "variant", "against")
    columns = tuple(Column(name, number=name == "effect") for name in names)
    rows = [Row(one.measure.says, _summary(one), f"“{one.measure.quote}”") for one in page.recommendations]
    return Table("Section 6, measured", "the original recommends", columns, tuple(rows), (RULE,))


def section(page: SectionSix, name: str) -> Several:
    """One part of section 6: its problem in the original's words, then each recommendation with all that tried it."""
    found = [one for one in page.recommendations if one.measure.section == name]
    problem = [Remark(f"{one.says} (“{one.quote}”)") for one in page.problems if one.section == name]
    return Several((*problem, *(part for one in found for part in _recommendation(one))))


def together(page: SectionSix) -> Several:
    """What carries out several recommendations at once."""
    found = page.together
    if not found:
        return Several((Remark("No variant carries out several recommendations at once."),))
    return Several((_table("Several recommendations at once", found), _sentences(found)))


def traps(page: SectionSix) -> Several:
    """Where no effect was expected, and whether there was none."""
    found = {
        (one.result.experiment, one.arm.name): one
        for recommendation in page.recommendations
        for one in recommendation.tried
        if one.arm.trap
    }
    if not found:
        return Several((Remark("No variant of these experiments is a trap."),))
    return Several((Findings(tuple(_trap(one) for one in found.values())),))


def figures(page: SectionSix) -> Several:
    """The declared ratios of every experiment, metric by metric."""
    charts = []
    for result in page.results:
        declared = replace(result, comparisons=tuple(one for one in result.comparisons if one.declared))
        for metric in dict.fromkeys(one.metric for one in declared.comparisons if one.ratio is not None):
            charts.append(drawn.ratios(declared, metric))
    return Several(tuple(charts))


def guesses(page: SectionSix) -> Answered:
    """Guess and verdict for the measures, from these experiments."""
    return Answered(tuple(one.answer or _open(one.measure) for one in page.recommendations), RULE)


def believed(page: SectionSix) -> Several:
    """For each experiment its sentence, the checks it rests on, and what was excluded."""
    parts: list[object] = []
    for result in page.results:
        parts += [Heading(f"{result.title} ({result.experiment})"), Remark(result.sentence)]
        parts += [experiment.strip(result), *experiment.exclusions(result)]
    return Several(tuple(parts))


def designs(page: SectionSix) -> Several:
    """Design and provenance of each experiment."""
    return Several(tuple(experiment.design(result) for result in page.results))


def _summary(one: Recommendation) -> tuple[Cell, ...]:
    place = Cell(one.measure.section)
    if one.answer is None:
        open_ = NOT_DECIDED if one.tried else NOT_TRIED
        said = Cell(open_, open_, "warn", badge=True)
        return (place, said, unknown(_why_open(one)), *(Cell(units.UNKNOWN, tone="quiet"),) * 4)
    decision = one.answer.decision
    first = next(t for t in one.tried if t.comparison and t.comparison.ratio == one.answer.value)
    return (
        place,
        Cell(decision, str(decision), DECISION_TONES[decision], badge=True),
        Cell(ratio(one.answer.value), one.answer.value),
        Cell(interval(first.comparison.interval if first.comparison else None)),
        Cell(METRICS[first.arm.metric].title),
        Cell(first.arm.name),
        Cell(first.against.name),
    )


def _why_open(one: Recommendation) -> str:
    """Why no experiment decides it, and what would."""
    plan = f"Would settle it: rushlab tune plans/{one.measure.plan}.yaml" if one.measure.plan else ""
    nothing = "no variant changes only what it recommends" if one.measure.knobs else "no knob carries it out"
    return ". ".join(part for part in (_why_undecided(one.tried) if one.tried else nothing, plan) if part)


def _why_undecided(found: Sequence[Tried]) -> str:
    """Why the variants that tried a measure decide nothing: they are exploratory, or the first one's reason."""
    looks = [f"{one.result.experiment} is exploratory: {one.exploratory}" for one in found if one.exploratory]
    first = found[0]
    why = first.comparison.reason if first.comparison else f"{METRICS[first.arm.metric].title} has no value"
    return looks[0] if looks else f"{first.arm.name}: {why}"


def _open(measure: Guess) -> Answer:
    return left_open(measure, "no experiment of this page decides it")


def _recommendation(one: Recommendation) -> Iterator[object]:
    yield Heading(one.measure.says, level=3)
    yield Remark(f"“{one.measure.quote}”")
    if not one.tried:
        told = f"{NOT_TRIED}: {_why_open(one)}."
        yield Remark(told[0].upper() + told[1:])
        return
    yield _table("What was tried", one.tried)
    yield _sentences(one.tried)


def _table(caption: str, found: Sequence[Tried]) -> Table:
    rows = [Row(one.arm.name, _cells(one), _what(one)) for one in found]
    experiments = ", ".join(dict.fromkeys(one.result.experiment for one in found))
    again = ", ".join(one.arm.name for one in found if one.fresh)
    remarks = (
        f"Experiment: {experiments}.",
        *((f"Of the fresh runs that followed its selection: {again}.",) if again else ()),
    )
    return Table(caption, "variant", COLUMNS, tuple(rows), remarks)


def _cells(one: Tried) -> tuple[Cell, ...]:
    metric, found = one.arm.metric, one.comparison
    facts = (
        Cell(METRICS[metric].title),
        Cell(one.against.name),
        *(Cell(value(metric, typical)) for typical in one.typical),
        Cell(str(found.k if found else 0), found.k if found else 0),
        _expected(one),
    )
    if found is None:
        return (*(unknown(f"{METRICS[metric].title} has no value"),) * 3, *facts)
    return (
        Cell(verdict(found), str(found.verdict), TONES.get(str(found.verdict), "quiet")),
        Cell(ratio(found.ratio), found.ratio),
        Cell(interval(found.interval)),
        *facts,
    )


def _what(one: Tried) -> str:
    """What a variant changes against the one that it is held against."""
    changed = ", ".join(f"{knob} {before} → {after}" for knob, (before, after) in one.changes.items())
    return f"{changed} ({one.arm.note})" if one.arm.note else changed


def _expected(one: Tried) -> Cell:
    if one.expectation is None:
        return Cell(units.UNKNOWN, tone="quiet")
    return Cell(f"no effect: {one.expectation}", str(one.expectation), EXPECTATION_TONES[one.expectation])


def _sentences(found: Sequence[Tried]) -> Findings:
    return Findings(tuple(_sentence(one) for one in found))


def _sentence(one: Tried) -> Finding:
    found, runs = one.comparison, (one.result.experiment,)
    if found is None:
        return Finding(f"{one.arm.name}: {METRICS[one.arm.metric].title} has no value in any block.", None, "", runs)
    first_look = f"Exploratory ({one.exploratory}): " if one.exploratory else ""
    told = f"{first_look}{comparing.sentence(found)}"
    if one.expectation is not None:
        told += f" {_expectation(one.expectation)}"
    tone = comparing.TONES[found.verdict] if found.verdict else "warn"
    return Finding(told, found.ratio, "ratio", runs, tone)


def _expectation(found: Expectation) -> str:
    return {
        Expectation.HELD: "No effect was expected here, and there is none that matters.",
        Expectation.BROKEN: "No effect was expected here: the expectation did not hold.",
        Expectation.OPEN: "No effect was expected here; these blocks cannot tell.",
    }[found]


def _trap(one: Tried) -> Finding:
    said = _sentence(one)
    tone = EXPECTATION_TONES[one.expectation or Expectation.OPEN]
    return Finding(f"{one.arm.name}, a trap: {one.arm.note}. {said.sentence}", said.value, "ratio", said.runs, tone)
