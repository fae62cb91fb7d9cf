"""Figures of an experiment: every block as a line, every ratio with its interval, the shift of the percentiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from rushlab.judge.experiment_checks import floor
from rushlab.model.comparison import Comparison
from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.metric import METRICS
from rushlab.show.experiment_words import interval, ratio, value, verdict
from rushlab.show.figures.chart import (
    MARKS,
    Chart,
    axis,
    chart,
    limit_line,
    literal,
    logarithmic,
    numbers,
    title,
    variant_role,
)

#: Roles of the verdicts: they differ in symbol as well as in colour.
ROLES = {"better": "variant-2", "worse": "failed", "equivalent": "variant-1", "inconclusive": "vus"}
RATIO_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10)
#: Width of an axis (in powers of ten) above which only every third of these is labelled.
MANY_TICKS = 0.4
#: Most characters of an arm's name along an axis.
LABEL = 22


def blocks(result: ExperimentResult, metric: str | None = None) -> Chart:
    """The metric of every run, a line per block; the noise floor as a band around the baseline's typical value."""
    name = metric or result.metric
    arms = [arm.name for arm in result.arms]
    traces = [_block(result, block, arms, name) for block in range(1, result.blocks + 1)]
    traces = [trace for trace in traces if any(point is not None for point in trace.y)]
    values = [point for trace in traces for point in trace.y if point]
    spread = math.log10(max(values) / min(values)) if values else 0.0
    return chart(
        traces,
        _describe(result, name),
        _caption(result, name),
        title=title(f"{METRICS[name].title}, run by run"),
        height=380,
        xaxis=axis("", type="category", tickvals=list(range(len(arms))), ticktext=[_short(arm) for arm in arms]),
        yaxis=logarithmic(f"{METRICS[name].title}, {METRICS[name].unit} (log)", decades=spread, range=_range(values)),
        shapes=_band(result, name),
        hovermode="closest",
        showlegend=True,
    )


def ratios(result: ExperimentResult, metric: str | None = None) -> Chart:
    """Each variant's ratio to the baseline with its 95 % interval; the noise floor as a band, the margin dashed."""
    name = metric or result.metric
    found = [one for one in result.comparisons if one.metric == name and one.ratio is not None]
    bound = floor(result.noise_of(name), result.blocks)
    said = "; ".join(f"{literal(one.variant)} {ratio(one.ratio)} {interval(one.interval)}" for one in found)
    return chart(
        list(_ratio_traces(found, result.baseline)),
        f"{METRICS[name].title}: ratio to {literal(result.baseline)}. {said}",
        _ratio_caption(result, name, bound),
        title=title(f"{METRICS[name].title}: ratio to {result.baseline}"),
        height=120 + 44 * max(1, len(found)),
        xaxis=_ratio_axis(_edges(found), result.margin),
        yaxis=axis("", type="category", autorange="reversed"),
        shapes=[*_margins(result.margin), *_floor_band(bound)],
        hovermode="closest",
        showlegend=True,
    )


def shift(result: ExperimentResult, variant: str) -> Chart | None:
    """How far each percentile of the accept times moved, with intervals; None without any."""
    found = [one for one in result.shifts if one.variant == variant]
    if not found:
        return None
    known = [one.interval or (one.ratio, one.ratio) for one in found]
    bars = {
        "type": "data",
        "symmetric": False,
        "array": numbers([high - one.ratio for one, (_, high) in zip(found, known, strict=True)]),
        "arrayminus": numbers([one.ratio - low for one, (low, _) in zip(found, known, strict=True)]),
        "thickness": 1.2,
    }
    mark = MARKS["variant-1"]
    trace = go.Scatter(
        x=[f"p{one.percent}" for one in found],
        y=numbers([one.ratio for one in found]),
        error_y=bars,
        mode="lines+markers",
        line={"color": mark.colour, "width": 1.4},
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 7},
        meta={"role": "variant-1"},
        name=literal(variant),
        hovertemplate="%{x}: %{y:.3g} × <extra></extra>",
    )
    said = ", ".join(f"p{one.percent} {ratio(one.ratio)}" for one in found)
    return chart(
        [trace],
        f"{literal(variant)}: accept times against {literal(found[0].baseline)}. {said}",
        "Ratio of each percentile of the accept times, paired over the blocks, with 95 % intervals; exploratory.",
        title=title(f"{variant}: shift of the accept times"),
        height=300,
        xaxis=axis("percentile", type="category"),
        yaxis=_ratio_axis(known, result.margin),
        shapes=[limit_line(x0=0, x1=1, xref="paper", y0=1, y1=1)],
        hovermode="closest",
        showlegend=False,
    )


def _block(result: ExperimentResult, block: int, arms: Sequence[str], metric: str) -> go.Scatter:
    runs = {run.arm: run for run in result.runs if run.block == block}
    points = [runs[arm].values.get(metric) if arm in runs and runs[arm].objection is None else None for arm in arms]
    mark = MARKS[variant_role(block - 1)]
    return go.Scatter(
        x=list(range(len(arms))),
        y=numbers([point if point and point > 0 else None for point in points]),
        customdata=[value(metric, point) for point in points],
        name=f"block {block}",
        mode="lines+markers",
        line={"color": mark.colour, "dash": mark.dash, "width": 1.1},
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 7},
        meta={"role": variant_role(block - 1)},
        connectgaps=False,
        hovertemplate=f"block {block}: %{{customdata}}<extra></extra>",
    )


def _ratio_traces(found: Sequence[Comparison], baseline: str) -> Iterator[go.Scatter]:
    for said in dict.fromkeys(verdict(one) for one in found):
        alike = [one for one in found if verdict(one) == said]
        known = [one.interval or (one.ratio or 1.0, one.ratio or 1.0) for one in alike]
        role = ROLES.get(said, "max")
        mark = MARKS[role]
        yield go.Scatter(
            x=numbers([one.ratio for one in alike]),
            y=[_short(one.variant) if one.baseline == baseline else f"{_short(one.variant)}*" for one in alike],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": numbers([high - (one.ratio or 0) for one, (_, high) in zip(alike, known, strict=True)]),
                "arrayminus": numbers([(one.ratio or 0) - low for one, (low, _) in zip(alike, known, strict=True)]),
                "thickness": 1.6,
            },
            customdata=[
                f"{literal(one.variant)} / {literal(one.baseline)}: {ratio(one.ratio)} {interval(one.interval)}"
                for one in alike
            ],
            mode="markers",
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 10},
            meta={"role": role},
            name=said,
            hovertemplate="%{customdata}<extra></extra>",
        )


def _band(result: ExperimentResult, metric: str) -> list[dict[str, Any]]:
    """The noise floor around the baseline's typical value."""
    typical = result.arm(result.baseline).typical.get(metric)
    bound = floor(result.noise_of(metric), result.blocks)
    if not typical or bound is None:
        return []
    return [_shade(x0=0, x1=1, xref="paper", y0=typical / bound, y1=typical * bound)]


def _floor_band(bound: float | None) -> list[dict[str, Any]]:
    return [] if bound is None else [_shade(y0=0, y1=1, yref="paper", x0=1 / bound, x1=bound)]


def _shade(**where: Any) -> dict[str, Any]:
    return {"type": "rect", "layer": "below", "fillcolor": "rgba(128,136,148,0.22)", "line": {"width": 0}, **where}


def _margins(margin: float) -> list[dict[str, Any]]:
    edges = (1 / (1 + margin), 1 + margin)
    return [limit_line(x0=edge, x1=edge, y0=0, y1=1, yref="paper") for edge in edges]


def _range(values: Sequence[float]) -> list[float]:
    if not values:
        return [0.0, 1.0]
    return [math.log10(min(values)) - 0.08, math.log10(max(values)) + 0.08]


def _edges(found: Sequence[Comparison]) -> Iterator[tuple[float, float]]:
    """What must be seen of each interval: one of two wild blocks may reach out of the figure."""
    for one in found:
        if one.ratio:
            low, high = one.interval or (one.ratio, one.ratio)
            yield max(low, one.ratio / 10), min(high, one.ratio * 10)


def _ratio_axis(shown: Iterable[tuple[float, float]], margin: float) -> dict[str, Any]:
    """A logarithmic axis on which the margin and all of `shown` have room."""
    edges = [1 / (1 + margin), 1 + margin, *(edge for pair in shown for edge in pair)]
    low, high = math.log10(min(edges)) - 0.03, math.log10(max(edges)) + 0.03
    if high - low > 1:
        return logarithmic("ratio (log)", decades=high - low, range=[low, high])
    ticks = [tick for tick in RATIO_TICKS if low <= math.log10(tick) <= high]
    if high - low > MANY_TICKS:
        ticks = [tick for tick in ticks if tick in (0.1, 0.2, 0.5, 1, 2, 5, 10)]
    labels = [f"{tick:g}" for tick in ticks]
    return axis("ratio (log)", type="log", tickvals=ticks, ticktext=labels, range=[low, high])


def _caption(result: ExperimentResult, metric: str) -> str:
    bound = floor(result.noise_of(metric), result.blocks)
    told = "A line is one block: its runs followed one another. Excluded runs leave a gap."
    if bound is None:
        return f"{told} The noise floor is not known: {result.noise_of(metric).reason}."
    grey = f"how far equal settings come apart in 19 of 20 experiments of {result.blocks} blocks"
    return f"{told} Grey: {grey}, around {result.baseline}."


def _ratio_caption(result: ExperimentResult, metric: str, bound: float | None) -> str:
    better = result.better if metric == result.metric else METRICS[metric].better
    told = f"Below 1: less than {result.baseline}; {better} is better. Dashed: the margin. Bars: 95 % intervals."
    alike = [one for one in result.comparisons if one.metric == metric]
    others = dict.fromkeys(one.baseline for one in alike if one.baseline != result.baseline)
    if others:
        told += f" * against {', '.join(others)}."
    return told if bound is None else f"{told} Grey: the noise floor, ratios up to {bound:.3g}."


def _describe(result: ExperimentResult, metric: str) -> str:
    said = "; ".join(f"{literal(arm.name)} {value(metric, arm.typical.get(metric))}" for arm in result.arms)
    return f"{METRICS[metric].title} of every run, a line per block. Typical: {said}"


def _short(name: str) -> str:
    return literal(name if len(name) <= LABEL else f"{name[: LABEL - 1]}…")
