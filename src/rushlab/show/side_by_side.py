"""Two experiments side by side, as their notebook shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rushlab.judge.unpaired import NOT_INTERLEAVED
from rushlab.model.comparison import Comparison
from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.metric import METRICS
from rushlab.show import experiment
from rushlab.show.experiment_words import interval, ratio
from rushlab.show.pair import Pair
from rushlab.show.sections import Remark
from rushlab.show.several import Heading, Several
from rushlab.show.table import Cell, Column, Row, Table


def likeness(pair: Pair) -> Several:
    """In what they are unlike; then the arms that both have, second against first."""
    said = [Remark(f"{text[0].upper()}{text[1:]}.") for text in pair.differences]
    alike = [Remark("Machine, servers, profile, scale and load model are the same.")] if not said else []
    return Several((*said, *alike, *_shared(pair)))


def headlines(pair: Pair) -> Several:
    """What each of them found, in its own words."""
    return _each(pair, lambda result: [experiment.headline(result)])


def verdicts(pair: Pair) -> Several:
    """The comparisons of each by every metric that one of its arms was declared to be judged by."""
    return _each(pair, _declared)


def figures(pair: Pair) -> Several:
    """Of each by its primary metric: every run with a line per block, the ratios, the shift of the percentiles."""
    return _each(pair, experiment.figures)


def arms(pair: Pair) -> Several:
    """What the arms of each did: accept, confirm, throughput, CPU."""
    return _each(pair, lambda result: [experiment.arms(result)])


def invariants(pair: Pair) -> Several:
    """What the audits of each counted."""
    return _each(pair, lambda result: [experiment.invariants(result)])


def exclusions(pair: Pair) -> Several:
    """What does not count in each, and why."""
    return _each(pair, experiment.exclusions)


def strips(pair: Pair) -> Several:
    """The checks of each."""
    return _each(pair, lambda result: [experiment.strip(result)])


def designs(pair: Pair) -> Several:
    """Design, seed and hashes of each, and every run with that of its record."""
    return _each(pair, lambda result: [experiment.design(result), experiment.runs(result)])


def _declared(result: ExperimentResult) -> list[Table]:
    metrics = dict.fromkeys((result.metric, *experiment.declared_metrics(result)))
    return [table for metric in metrics for table in experiment.tables(result, metric)]


def _shared(pair: Pair) -> Iterator[Table | Remark]:
    if not pair.shared:
        yield Remark("They have no setting in common.")
        return
    columns = (Column("metric", number=False), Column("ratio"), Column("95 % interval", number=False))
    rows = [
        Row(
            _name(one),
            (Cell(METRICS[one.metric].title), _ratio(one), Cell(interval(one.interval))),
        )
        for one in pair.shared
    ]
    remark = "No verdict: the two were not interleaved, so a drift of the machine in between is in these ratios."
    yield Table("The same setting, second experiment against first", "arm", columns, tuple(rows), (remark,))


def _ratio(one: Comparison) -> Cell:
    """The ratio; with a note where more stands against it than that the two were not interleaved."""
    return Cell(ratio(one.ratio), one.ratio, note="" if one.reason == NOT_INTERLEAVED else one.reason)


def _name(one: Comparison) -> str:
    """The arm's name in both experiments."""
    names = [name.partition(":")[2] for name in (one.baseline, one.variant)]
    return " = ".join(dict.fromkeys(names))


def _each(pair: Pair, parts: Callable[[ExperimentResult], Iterable[Any]]) -> Several:
    found: list[Any] = []
    for result in pair.both:
        found += [Heading(result.experiment), *parts(result)]
    return Several(tuple(found))
