"""Two experiments side by side, as their notebook shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rushlab.model.comparison import Comparison
from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.metric import METRICS
from rushlab.show import experiment
from rushlab.show.experiment_words import interval, ratio
from rushlab.show.figures import experiment as drawn
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
    """The ratios of each by its primary metric."""
    return _each(pair, lambda result: [drawn.ratios(result)])


def strips(pair: Pair) -> Several:
    """The checks of each."""
    return _each(pair, lambda result: [experiment.strip(result)])


def designs(pair: Pair) -> Several:
    """Design and provenance of each."""
    return _each(pair, lambda result: [experiment.design(result)])


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
            (Cell(METRICS[one.metric].title), Cell(ratio(one.ratio), one.ratio), Cell(interval(one.interval))),
        )
        for one in pair.shared
    ]
    remark = "No verdict: the two were not interleaved, so a drift of the machine in between is in these ratios."
    yield Table("The same setting, second experiment against first", "arm", columns, tuple(rows), (remark,))


def _name(one: Comparison) -> str:
    """The arm's name in both experiments."""
    names = [name.partition(":")[2] for name in (one.baseline, one.variant)]
    return " = ".join(dict.fromkeys(names))


def _each(pair: Pair, parts: Any) -> Several:
    found: list[Any] = []
    for result in pair.both:
        found += [Heading(result.experiment), *parts(result)]
    return Several(tuple(found))
