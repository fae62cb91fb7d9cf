"""Tables and figures of an experiment, as its notebook shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rushlab.model.comparison import Comparison, Exclusion
from rushlab.model.experiment_result import ArmResult, ExperimentResult
from rushlab.model.metric import METRICS
from rushlab.model.verdict import Status
from rushlab.show import comparing, units
from rushlab.show.experiment_words import TONES, interval, ratio, share, value, verdict
from rushlab.show.figures import experiment as drawn
from rushlab.show.finding import Finding, Findings
from rushlab.show.sections import Remark
from rushlab.show.several import Heading, Several
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import badge, unknown
from rushlab.show.tables.origin import commit, machine

CHECK_COLUMNS = tuple(Column(name, number=False) for name in ("status", "value", "limit", "evidence"))
#: Sections of the original report with what they recommend.
RECOMMENDED = {
    "6-1": "6-1 Kafka: more partitions and consumers, batches",
    "6-2": "6-2 Database: a larger connection pool, shorter transactions",
    "6-3": "6-3 Redis: a narrower lock, or an atomic step instead of it",
}
LIMITS = "Limits marked * are conventions: settings with these defaults."


def headline(result: ExperimentResult) -> Findings:
    """The sentence of the experiment, then a sentence per variant by the metric that was declared for it."""
    tone: Tone = "warn" if result.exploratory else "good" if result.ranking else ""
    first = Finding(result.sentence, None, "", (), tone)
    return Findings((first, *(_declared(result, one) for one in result.comparisons if one.declared)))


def _declared(result: ExperimentResult, one: Comparison) -> Finding:
    by = "" if one.metric == result.metric else f"{METRICS[one.metric].title}: "
    tone: Tone = comparing.TONES[one.verdict] if one.verdict else "warn"
    return Finding(f"{by}{comparing.sentence(one)}", one.ratio, "ratio", (), tone)


def verdicts(result: ExperimentResult) -> Several:
    """A table of comparisons per metric, the primary one first."""
    return Several(tuple(_verdicts(result)))


def tables(result: ExperimentResult, metric: str) -> Iterator[Table]:
    """The comparisons of one metric, a table per arm that others are held against."""
    yield from comparing.tables([one for one in result.comparisons if one.metric == metric])


def declared_metrics(result: ExperimentResult) -> tuple[str, ...]:
    """The metrics that some variant was declared to be judged by, the primary one first."""
    return tuple(dict.fromkeys(one.metric for one in result.comparisons if one.declared))


def metric_title(result: ExperimentResult, metric: str) -> str:
    """The metric's title; it is exploratory where no variant was declared to be judged by it."""
    return METRICS[metric].title + ("" if metric in declared_metrics(result) else " (exploratory)")


def _verdicts(result: ExperimentResult) -> Iterator[Heading | Table]:
    for metric in dict.fromkeys(one.metric for one in result.comparisons):
        yield Heading(metric_title(result, metric))
        yield from tables(result, metric)


def figures(result: ExperimentResult) -> Several:
    """Run by run and ratio by ratio, for the primary metric; for its variants the shift of the percentiles."""
    best = result.ranking[0] if result.ranking else result.arms[-1].name
    charts = (drawn.blocks(result), drawn.ratios(result), drawn.shift(result, best))
    return Several(tuple(chart for chart in charts if chart is not None))


def metric_figures(result: ExperimentResult) -> Several:
    """The ratios of every other metric that has any."""
    known = [one.metric for one in result.comparisons if one.ratio is not None]
    others = [metric for metric in dict.fromkeys(known) if metric != result.metric]
    charts = [drawn.ratios(result, metric) for metric in others]
    return Several(tuple(charts) or (Remark("This experiment has no other metrics."),))


def arms(result: ExperimentResult) -> Table:
    """Each arm: what it changes, and its typical figures (geometric means over the blocks that count)."""
    metrics = [name for name in METRICS if any(arm.typical.get(name) is not None for arm in result.arms)]
    columns = (
        Column("changes", number=False),
        Column("blocks"),
        *(Column(METRICS[metric].title) for metric in metrics),
        Column("backlog"),
    )
    rows = [
        Row(arm.name, (_changes(arm), Cell(str(arm.k), arm.k), *_typical(result, arm, metrics))) for arm in result.arms
    ]
    return Table("What every arm did", "arm", columns, tuple(rows), ("Geometric means over the blocks that count.",))


def strip(result: ExperimentResult) -> Table:
    """The checks that the comparison leans on."""
    rows = [
        Row(
            f"{one.id} {one.title}",
            (
                badge(one.status),
                *(
                    Cell(text or units.UNKNOWN, tone="name" if text else "quiet")
                    for text in (one.value, one.limit, one.evidence)
                ),
            ),
        )
        for one in sorted(result.checks, key=lambda one: one.status is Status.NA)
    ]
    return Table("May the comparison be believed?", "check", CHECK_COLUMNS, tuple(rows), (LIMITS,))


def invariants(result: ExperimentResult) -> Table:
    """What the audits counted, arm by arm; an arm that broke an invariant is outside the ranking."""
    names = list(dict.fromkeys(name for arm in result.arms for name in arm.counts))
    columns = (Column("promises kept", number=False), *(Column(name) for name in names))
    rows = [Row(arm.name, (_kept(arm), *(_count(arm.counts.get(name)) for name in names))) for arm in result.arms]
    return Table("Did the service keep its promises?", "arm", columns, tuple(rows), ("Sums over all runs of the arm.",))


def exclusions(result: ExperimentResult) -> Several:
    """Runs (or single figures of them) that do not count, arms outside the ranking, runs that were driven again."""
    rows = [
        Row(f"block {run.block} · {run.arm}", (Cell(run.objection, tone="name"),))
        for run in result.runs
        if run.objection
    ]
    rows += [Row(f"block {one.block} · {one.variant}", (Cell(one.reason, tone="name"),)) for one in without(result)]
    rows += [
        Row(f"block {run.block} · {run.arm}", (Cell(f"driven again: {why}", tone="name"),))
        for run in result.runs
        for why in run.again
    ]
    rows += [Row(arm.name, (Cell(f"outside the ranking: {arm.bar}", tone="name"),)) for arm in result.arms if arm.bar]
    if not rows:
        return Several((Remark("No run was excluded, and no variant is outside the ranking."),))
    return Several((Table("Excluded, and why", "run", (Column("reason", number=False),), tuple(rows)),))


def without(result: ExperimentResult) -> tuple[Exclusion, ...]:
    """Runs that count and lack a figure by which arms are compared, each with its reason, metric by metric."""
    lost = {(str(run.block), run.arm) for run in result.runs if run.objection}
    found = dict.fromkeys(one for comparison in result.comparisons for one in comparison.excluded)
    return tuple(one for one in found if (one.block, one.variant) not in lost)


def recommendations(result: ExperimentResult) -> Several:
    """Section by section of the original: the recommendation, what was tried, the effect with interval and verdict."""
    tried = [arm for arm in result.arms if arm.section]
    if not tried:
        return Several((Remark("No variant of this plan stands for a recommendation of the original report."),))
    names = ("tried", "judged by", "against", "before", "with it", "ratio", "95 % interval", "verdict", "why")
    columns = tuple(Column(name, number=name in ("before", "with it", "ratio")) for name in names)
    rows = []
    for section in sorted({arm.section for arm in tried}):
        rows.append(Row(RECOMMENDED.get(section, section)))
        rows += [Row(arm.name, _effect(result, arm)) for arm in tried if arm.section == section]
    return Several((Table("Section 6, measured", "recommendation", columns, tuple(rows)),))


def _effect(result: ExperimentResult, arm: ArmResult) -> tuple[Cell, ...]:
    one = result.comparison(arm.name, arm.metric)
    beside = result.arm(one.baseline if one else result.baseline)
    typical = [value(arm.metric, known.typical.get(arm.metric)) for known in (beside, arm)]
    tried = Cell(f"{arm.note} ({_changes(arm).text})", tone="name")
    facts = (tried, Cell(METRICS[arm.metric].title), Cell(beside.name), *map(Cell, typical))
    if one is None:
        return (*facts, *(unknown(f"{METRICS[arm.metric].title} has no value"),) * 4)
    said = Cell(verdict(one), str(one.verdict), TONES.get(str(one.verdict), "quiet"))
    return (
        *facts,
        Cell(ratio(one.ratio), one.ratio),
        Cell(interval(one.interval)),
        said,
        Cell(one.reason, tone="name"),
    )


def design(result: ExperimentResult) -> Table:
    """What was fixed before the first run, and where it ran."""
    facts = {
        "experiment": result.experiment,
        "question": result.question or result.title,
        "metric": f"{METRICS[result.metric].title}, {result.better} is better; {METRICS[result.metric].source}",
        "margin": share(result.margin),
        "load": f"{result.profile} at scale {result.scale:g}, {result.model} model",
        "blocks": f"{result.blocks}, order drawn from seed {result.seed}",
        "machine": machine(result.environment),
        "commit": commit(result.environment) or units.UNKNOWN,
        "versions": ", ".join(f"{name} {one}" for name, one in (result.environment.get("versions") or {}).items()),
        "plan, SHA-256": result.hashes["plan.json"],
    }
    rows = [Row(name, (Cell(text, tone="name"),)) for name, text in facts.items()]
    return Table("Design and provenance", "", (Column("", number=False),), tuple(rows))


def runs(result: ExperimentResult) -> Table:
    """Every run in its drawn order, with the primary figure and the hash of its record."""
    columns = tuple(
        Column(name, number=name == "figure") for name in ("block", "arm", "figure", "run", "record, SHA-256")
    )
    rows = [
        Row(
            str(run.position),
            (
                Cell(str(run.block)),
                Cell(run.arm),
                Cell(value(result.metric, run.values.get(result.metric)), tone="void" if run.objection else ""),
                Cell(run.run or units.UNKNOWN, tone="name"),
                Cell(result.hashes.get(run.run or "", units.UNKNOWN)[:12]),
            ),
        )
        for run in result.runs
    ]
    return Table("Runs in their drawn order", "order", columns, tuple(rows))


def _changes(arm: ArmResult) -> Cell:
    text = ", ".join(f"{knob}={changed}" for knob, changed in arm.changes.items()) or arm.variant
    return Cell(text, tone="name")


def _typical(result: ExperimentResult, arm: ArmResult, metrics: Sequence[str]) -> Iterator[Cell]:
    for metric in metrics:
        known = arm.typical.get(metric)
        reasons = [run.reasons[metric] for run in result.runs if run.arm == arm.name and metric in run.reasons]
        yield (
            unknown(reasons[0] if reasons else "no run counts") if known is None else Cell(value(metric, known), known)
        )
    yield unknown("not known") if arm.backlog is None else Cell(f"{arm.backlog:,}", arm.backlog)


def _kept(arm: ArmResult) -> Cell:
    return Cell(f"no: {arm.bar}", tone="bad") if arm.red else Cell("yes", tone="good")


def _count(number: int | None) -> Cell:
    return unknown("not known in every run") if number is None else Cell(f"{number:,}", number)
