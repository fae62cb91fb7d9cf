"""Figures of a sweep: a heat map over two knobs, and the Pareto front of two metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from rushlab.model.comparison import Outcome
from rushlab.model.experiment_result import ArmResult, ExperimentResult
from rushlab.model.metric import METRICS
from rushlab.model.sweep import Front, Position, Standing
from rushlab.model.variant import KnobValue
from rushlab.show.experiment_words import interval, ratio, verdict
from rushlab.show.figures.chart import MARKS, Chart, axis, chart, limit_line, literal, numbers, title

#: Blue is less, orange is more: two hues that stay apart for the colour-blind; the cells say it in words too.
SCALE = [[0.0, "#7db0e3"], [0.5, "#f2efe8"], [1.0, "#eea64b"]]
#: Seen on every colour of the scale, in light and dark.
CELL_INK = "#1d2127"
#: Labels of arms that lie close together go to different sides.
SIDES = ("top right", "bottom right", "top left", "bottom left")
#: A cell of this ratio (or its inverse) has the full colour at least.
LEAST_SPAN = 1.25
STANDING_ROLES = {
    Standing.FRONT: "variant-2",
    Standing.DOMINATED: "failed",
    Standing.OPEN: "vus",
    Standing.OUTSIDE: "max",
}


def heat_map(result: ExperimentResult) -> Chart | None:
    """Ratio to the baseline for every combination of two crossed knobs, with verdicts; None unless there are two."""
    grid = _grid(result)
    if grid is None:
        return None
    (first, rows), (second, columns) = grid
    cells = [[_cell(result, {first: row, second: column}) for column in columns] for row in rows]
    logs = [[math.log(one[0]) if one[0] else None for one in row] for row in cells]
    span = max([abs(one) for row in logs for one in row if one is not None] + [math.log(LEAST_SPAN)])
    trace = go.Heatmap(
        z=[numbers(row) for row in logs],
        x=[literal(f"{column}") for column in columns],
        y=[literal(f"{row}") for row in rows],
        text=[[one[1] for one in row] for row in cells],
        texttemplate="%{text}",
        textfont={"color": CELL_INK},
        hovertemplate=f"{literal(first)} %{{y}}, {literal(second)} %{{x}}: %{{text}}<extra></extra>",
        colorscale=SCALE,
        zmin=-span,
        zmax=span,
        showscale=False,
        xgap=3,
        ygap=3,
    )
    said = "; ".join(
        f"{first} {row}, {second} {column}: {one[2]}"
        for row, line in zip(rows, cells, strict=True)
        for column, one in zip(columns, line, strict=True)
    )
    name = METRICS[result.metric].title
    return chart(
        [trace],
        f"{name} by {first} and {second}, ratio to {result.baseline}. {literal(said)}",
        f"Ratio to {literal(result.baseline)}; {result.better} is better. Blue: less, orange: more. In each cell the "
        "ratio, its 95 % interval, and the verdict after Holm's correction.",
        title=title(f"{name} by {first} and {second}"),
        height=130 + 76 * len(rows),
        xaxis=axis(literal(second), type="category", showgrid=False),
        yaxis=axis(literal(first), type="category", showgrid=False, autorange="reversed"),
        hovermode="closest",
        showlegend=False,
    )


def front(result: ExperimentResult, found: Front) -> Chart | None:
    """Every arm's ratio to the baseline in both metrics, with 95 % intervals; None when no arm has both."""
    shown = [one for one in found.positions if None not in one.ratios]
    if not shown:
        return None
    names = [METRICS[metric].title for metric in found.metrics]
    said = "; ".join(
        f"{literal(one.arm)} {ratio(one.ratios[0])}, {ratio(one.ratios[1])}: {one.standing}" for one in shown
    )
    return chart(
        list(_standings(shown, [one.arm for one in found.positions])),
        f"{names[0]} against {names[1]}, ratios to {literal(result.baseline)}. {said}",
        f"Ratios to {literal(result.baseline)}; lower left: faster and cheaper. Bars: 95 % intervals of each ratio by "
        "itself. Whether an arm is dominated is told from intervals that hold for all arms together. "
        "Numbers: the arms of the table below.",
        title=title(f"{names[0]} against {names[1]}"),
        height=420,
        xaxis=_axis(f"{names[1]}, ratio (log)", [(one.ratios[1], one.intervals[1]) for one in shown]),
        yaxis=_axis(f"{names[0]}, ratio (log)", [(one.ratios[0], one.intervals[0]) for one in shown]),
        shapes=[limit_line(x0=1, x1=1, y0=0, y1=1, yref="paper"), limit_line(x0=0, x1=1, xref="paper", y0=1, y1=1)],
        hovermode="closest",
        showlegend=True,
    )


def _grid(result: ExperimentResult) -> tuple[tuple[str, list[KnobValue]], tuple[str, list[KnobValue]]] | None:
    """Both crossed knobs with their values, the baseline's first."""
    pairs = [one for one in result.effects if one.kind == "interaction" and one.comparison.metric == result.metric]
    if len({one.knobs for one in pairs}) != 1:
        return None
    values = [list(dict.fromkeys([pairs[0].before[place], *(one.after[place] for one in pairs)])) for place in (0, 1)]
    (first, second) = pairs[0].knobs
    return (first, _sorted(values[0])), (second, _sorted(values[1]))


def _sorted(values: list[KnobValue]) -> list[KnobValue]:
    """Numbers in their order; words as the plan names them."""
    if any(isinstance(one, str | bool) for one in values):
        return values
    return sorted(values, key=float)


def _cell(result: ExperimentResult, wanted: dict[str, KnobValue]) -> tuple[float | None, str, str]:
    """Ratio, the text of the cell, and the same in one line."""
    arm = _arm(result, wanted)
    if arm is None:
        return None, "", "not in the plan"
    if arm.name == result.baseline:
        return 1.0, "1×<br>baseline", "baseline"
    found = result.comparison(arm.name)
    if found is None or found.ratio is None:
        return None, "no ratio", "no ratio"
    said = (ratio(found.ratio), interval(found.interval), _mark(found.verdict, result.better) or verdict(found))
    return found.ratio, "<br>".join(said), " ".join(said)


def _mark(found: Outcome | None, better: str) -> str:
    if found is None:
        return ""
    down = (found is Outcome.BETTER) == (better == "lower")
    arrow = {Outcome.EQUIVALENT: "=", Outcome.INCONCLUSIVE: "?"}.get(found, "▼" if down else "▲")
    return f"{arrow} {found}"


def _arm(result: ExperimentResult, wanted: dict[str, KnobValue]) -> ArmResult | None:
    base = result.arm(result.baseline).knobs
    exactly = base | wanted
    return next((arm for arm in result.arms if arm.knobs == exactly), None)


def _standings(shown: Sequence[Position], arms: Sequence[str]) -> Iterator[go.Scatter]:
    for standing in Standing:
        alike = [one for one in shown if one.standing is standing]
        if not alike:
            continue
        role = STANDING_ROLES[standing]
        mark = MARKS[role]
        yield go.Scatter(
            x=numbers([one.ratios[1] for one in alike]),
            y=numbers([one.ratios[0] for one in alike]),
            error_x=_bars([(one.ratios[1], one.intervals[1]) for one in alike]),
            error_y=_bars([(one.ratios[0], one.intervals[0]) for one in alike]),
            text=[str(arms.index(one.arm) + 1) for one in alike],
            customdata=[literal(one.arm) for one in alike],
            mode="markers+text",
            textposition=[SIDES[arms.index(one.arm) % len(SIDES)] for one in alike],
            marker={"color": mark.colour, "symbol": mark.symbol, "size": 10},
            meta={"role": role},
            name=str(standing),
            hovertemplate="%{customdata}: %{y:.3g} × time, %{x:.3g} × CPU<extra></extra>",
        )


Known = tuple[float | None, tuple[float, float] | None]


def _bars(known: Sequence[Known]) -> dict[str, Any]:
    edges = [(one or 0.0, bounds or (one or 0.0, one or 0.0)) for one, bounds in known]
    return {
        "type": "data",
        "symmetric": False,
        "array": numbers([high - one for one, (_, high) in edges]),
        "arrayminus": numbers([one - low for one, (low, _) in edges]),
        "thickness": 1.2,
    }


def _axis(name: str, known: Sequence[Known]) -> dict[str, Any]:
    """A logarithmic axis with room for the estimates and for what of the intervals is within a factor of 3 of them."""
    edges = [1.0]
    for one, bounds in known:
        if one:
            low, high = bounds or (one, one)
            edges += [max(low, one / 3), min(high, one * 3)]
    low, high = math.log10(min(edges)) - 0.05, math.log10(max(edges)) + 0.05
    ticks = [t for t in (0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3, 5, 10) if low <= math.log10(t) <= high]
    return axis(name, type="log", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks], range=[low, high])
