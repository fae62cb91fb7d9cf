"""A sweep's own tables: the winner and its confirmation, the effects of crossed knobs, the Pareto front."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from rushlab.model.comparison import Comparison, Outcome
from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.metric import METRICS
from rushlab.model.sweep import Effect, Front, Position, Standing
from rushlab.show import units
from rushlab.show.experiment_words import TONES, interval, ratio, share, value, verdict
from rushlab.show.figures import sweep as drawn
from rushlab.show.sections import Remark
from rushlab.show.several import Heading, Several
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import unknown

#: An interaction is no better or worse setting: it says what two knobs do to each other.
TOGETHER = {
    Outcome.BETTER: "help each other",
    Outcome.WORSE: "hinder each other",
    Outcome.EQUIVALENT: "independent",
    Outcome.INCONCLUSIVE: "cannot tell",
}
TOGETHER_TONES: dict[Outcome, Tone] = {
    Outcome.BETTER: "good",
    Outcome.WORSE: "bad",
    Outcome.EQUIVALENT: "quiet",
    Outcome.INCONCLUSIVE: "warn",
}
STANDING_TONES: dict[Standing, Tone] = {
    Standing.FRONT: "good",
    Standing.DOMINATED: "bad",
    Standing.OPEN: "warn",
    Standing.OUTSIDE: "void",
}
EFFECT_COLUMNS = tuple(
    Column(name, number=name in ("ratio", "blocks", "p"))
    for name in ("verdict", "ratio", "95 % interval", "blocks", "p", "why")
)
WINNER_COLUMNS = tuple(
    Column(name, number=name in ("ratio", "blocks")) for name in ("verdict", "ratio", "95 % interval", "blocks", "why")
)


def winner(result: ExperimentResult) -> Several:
    """The figure by which the winner was selected, and that of fresh runs, which is the one to believe."""
    won = result.winner
    if won is None:
        return Several((Remark(f"This experiment selects nothing: {_nothing_selected(result)}."),))
    if won.selected is None or won.arm is None:
        return Several((Remark(won.sentence),))
    rows = [Row(f"selected as the best of {won.among}", _winner_cells(won.selected))]
    fresh = won.confirmation.comparison if won.confirmation else None
    if fresh is not None:
        rows.append(Row("confirmed by fresh runs", _winner_cells(fresh)))
    caption = f"{won.arm} against {result.baseline}, {METRICS[result.metric].title}"
    told = "The best of several is biased upward: it was good, or lucky. Fresh runs had no part in the selection."
    return Several((Remark(won.sentence), Table(caption, "", WINNER_COLUMNS, tuple(rows), (told,))))


def effects(result: ExperimentResult) -> Several:
    """Heat map, main effects and interactions by the primary metric; then those of the others, exploratory."""
    if not result.effects:
        return Several((Remark("No knobs are crossed in this plan."),))
    return Several(tuple(_effects(result)))


def effect_table(result: ExperimentResult, found: Sequence[Effect]) -> Table:
    """The effects of the experiment's knobs by one metric."""
    rows: list[Row] = []
    for kind, alike in groupby(found, key=lambda one: one.kind):
        several = {"main": "main effects", "interaction": "interactions"}[kind]
        rows += [Row(several), *(_effect_row(one) for one in alike)]
    metric = found[0].comparison.metric
    return Table(
        f"Effects on {METRICS[metric].title}", "knob", EFFECT_COLUMNS, tuple(rows), tuple(_told(result, found))
    )


def front(result: ExperimentResult) -> Several:
    """Who pays least for how fast an answer: figure and table of every arm's standing."""
    if result.front is None:
        return Several((Remark("A front needs three arms."),))
    chart = drawn.front(result, result.front)
    return Several((*((chart,) if chart else ()), front_table(result.front)))


def front_table(found: Front) -> Table:
    """Each arm's standing in both metrics."""
    names = [METRICS[metric].title for metric in found.metrics]
    columns = (
        Column("standing", number=False),
        *(Column(name) for name in names),
        *(Column(f"{name}, ratio to the baseline", number=False) for name in names),
        Column("why", number=False),
    )
    rows = [Row(f"{number} {one.arm}", _position(found, one)) for number, one in enumerate(found.positions, 1)]
    told = (
        f"Dominated: shown to be more in one, and shown to gain no more than {share(found.margin)} in the other. "
        "On the front: shown to be less than every other arm in one of them."
    )
    if found.claims:
        told += (
            f" {found.claims} intervals of {found.confidence * 100:.4g} % each, so that all hold together with 95 %."
        )
    return Table(f"{names[0]} against {names[1]}", "arm", columns, tuple(rows), (told,))


def _effects(result: ExperimentResult) -> Iterator[object]:
    chart = drawn.heat_map(result)
    if chart is not None:
        yield chart
    for metric, alike in groupby(result.effects, key=lambda one: one.comparison.metric):
        if metric != result.metric:
            yield Heading(f"{METRICS[metric].title} (exploratory)", level=4)
        yield effect_table(result, list(alike))


def _effect_row(one: Effect) -> Row:
    found = one.comparison
    label = ", ".join(f"{knob} {b} → {a}" for knob, b, a in zip(one.knobs, one.before, one.after, strict=True))
    note = found.p_reason if found.p is None and found.p_reason else ""
    cells = (
        _said(one),
        Cell(ratio(found.ratio), found.ratio),
        Cell(interval(found.interval)),
        Cell(str(found.k), found.k),
        Cell(units.UNKNOWN if found.p is None else f"{found.p:.3g}", found.p, note=note),
        Cell(found.reason, tone="name"),
    )
    return Row(label, cells)


def _said(one: Effect) -> Cell:
    found = one.comparison
    if one.kind == "main" or found.verdict is None:
        return Cell(verdict(found), str(found.verdict), TONES.get(str(found.verdict), "quiet"))
    return Cell(TOGETHER[found.verdict], TOGETHER[found.verdict], TOGETHER_TONES[found.verdict])


def _nothing_selected(result: ExperimentResult) -> str:
    """Why an experiment has no winner."""
    variants = [arm.name for arm in result.arms if arm.name != result.baseline]
    if result.a_a:
        return "all of its arms have the same settings"
    if len(variants) == 1:
        return "it has one variant"
    held = [one for one in result.comparisons if one.declared and one.baseline == result.baseline]
    held = [one for one in held if one.metric == result.metric]
    number = f"only {held[0].variant}" if held else "none"
    return (
        f"of its {len(variants)} variants {number} is held against {result.baseline} by {METRICS[result.metric].title}"
    )


def _told(result: ExperimentResult, found: Sequence[Effect]) -> Iterator[str]:
    kinds = {one.kind for one in found}
    if found[0].comparison.declared:
        yield f"{_main(result, found)}; verdicts hold after Holm's correction over these {len(found)} effects."
    else:
        yield "Exploratory: outside the family of declared effects."
    if result.crossing == "fractional":
        yield _confounded({knob for one in found for knob in one.knobs})
    if "interaction" in kinds:
        yield "An interaction is a ratio of ratios: what both knobs bring together, by what they bring one by one."
    else:
        yield "Interactions need every combination of the knobs (crossing: full)."
    acting = (Outcome.BETTER, Outcome.WORSE)
    if any(one.kind == "interaction" and one.comparison.verdict in acting for one in found):
        yield "Where knobs interact, a main effect averages over unlike effects: read the heat map first."


def _main(result: ExperimentResult, found: Sequence[Effect]) -> str:
    """What a main effect is, by how the knobs were crossed."""
    ratio_of = "A main effect is the ratio after / before"
    if result.crossing == "one-factor":
        return f"{ratio_of}, every other knob as in {result.baseline}"
    if result.crossing == "fractional":
        return f"{ratio_of}, averaged (geometric mean) over {found[0].arms} settings of the other knobs"
    return f"{ratio_of}, averaged (geometric mean) over every setting of the other knobs"


def _confounded(knobs: Collection[str]) -> str:
    """What a half fraction cannot tell apart (Box, Hunter & Hunter, ch. 6)."""
    others = "both other knobs" if len(knobs) == 3 else "all other knobs"
    return (
        f"In a half fraction a main effect cannot be told from what {others} do only together: "
        "each figure is that of both. Every combination (crossing: full) tells them apart."
    )


def _winner_cells(found: Comparison) -> tuple[Cell, ...]:
    return (
        Cell(verdict(found), str(found.verdict), TONES.get(str(found.verdict), "quiet")),
        Cell(ratio(found.ratio), found.ratio),
        Cell(interval(found.interval)),
        Cell(str(found.k), found.k),
        Cell(found.reason, tone="name"),
    )


def _position(found: Front, one: Position) -> tuple[Cell, ...]:
    typical = [
        unknown(one.reason or "no run counts") if known is None else Cell(value(metric, known), known)
        for metric, known in zip(found.metrics, one.typical, strict=True)
    ]
    beside = [
        Cell(f"{ratio(known)} {interval(bounds)}", known)
        for known, bounds in zip(one.ratios, one.intervals, strict=True)
    ]
    return (
        Cell(one.standing, str(one.standing), STANDING_TONES[one.standing], badge=True),
        *typical,
        *beside,
        Cell(why(one), tone="name"),
    )


def why(one: Position) -> str:
    """What a standing rests on."""
    if one.standing is Standing.OUTSIDE:
        return one.reason
    if one.standing is Standing.DOMINATED:
        return f"by {', '.join(one.beaten_by)}"
    if one.standing is Standing.OPEN:
        return f"not shown apart from {', '.join(one.undecided)}"
    return "shown to be less than every other arm in one of them"
