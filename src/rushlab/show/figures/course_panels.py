"""The panels of a run's course: their lines, from k6's points and from Prometheus's series."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from rushlab.model.series import PANELS, SERIES, Series
from rushlab.show.figures import over_time
from rushlab.show.figures.chart import MARKS, POINTS, literal, numbers
from rushlab.show.run_series import RunSeries
from rushlab.show.views import RunView

#: Pixels: of a panel, of a tall one, above its heading, of its heading, of a row of its legend.
HEIGHT, TALL, ABOVE, HEADING, ROW = 92, 150, 14, 18, 17
#: A legend must fit a narrow screen: pixels of a row, of an entry's line, of a letter.
NARROW, SAMPLE, LETTER = 300, 44, 6.3
#: Roles of lines in their order; they repeat after eight.
ROLES = tuple(f"line-{number}" for number in range(8))
FIXED_ROLES = {"failed": "failed", "rejected": "max", "inside": "vus", "cpu_machine": "vus", "pool_size": "vus"}
#: A process has the same role in every panel.
PROCESSES = ("service", "mariadb", "redis", "kafka", "k6", "relay", "consumer-0", "prometheus")
FIXED_ROLES |= dict(zip(PROCESSES, ROLES, strict=True))
TOO_SHORT = "too short a run for a five-second rate"
#: A panel has so many lines at most. Of outcomes, stages and processes one below this share of the panel's highest
#: value tells nothing.
MOST, FAINT = 6, 0.01
MANY = {"outcome", "stage", "process", "instance"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of axes with its lines; `note` says why there are none."""

    heading: str
    unit: str
    lines: tuple[go.Scatter, ...]
    logarithmic: bool = False
    height: int = HEIGHT
    note: str = ""

    @property
    def room(self) -> int:
        """Pixels of its heading and legend; a narrow screen has few entries in a row."""
        names = [len(line.name) for line in self.lines if line.showlegend is not False]
        in_a_row = max(1, int(NARROW // (SAMPLE + LETTER * max(names)))) if names else 1
        return ABOVE + HEADING + ROW * math.ceil(len(names) / in_a_row) + 6


def from_points(view: RunView, timeline: pd.DataFrame) -> Iterator[Panel]:
    """Virtual users, response times, answers by outcome."""
    frame, _ = over_time.binned(timeline)
    yield Panel("virtual users", "VUs", (_at(over_time.vus_line(frame), 0),))
    times = tuple(_at(line, 1) for line in over_time.latency_lines(frame))
    yield Panel("response time, as the users see it", "ms", times, logarithmic=True, height=TALL)
    answers = view.answers
    if answers is None or answers.empty:
        lines: list[go.Scatter] = over_time.throughput_lines(frame)
    else:
        lines = [
            _line(
                rows.rename(columns={"requests": "value"}),
                outcome.replace("_", " "),
                _role(outcome, place),
                "per second",
            )
            for place, (outcome, rows) in enumerate(_by_outcome(answers, len(timeline)))
        ]
    yield Panel("answers, as the users get them", "per second", tuple(_at(line, 2) for line in lines))


def _by_outcome(answers: pd.DataFrame, seconds: int) -> Iterator[tuple[str, pd.DataFrame]]:
    """Seconds without such an answer have none: that is a count, not a gap."""
    for outcome, rows in answers.groupby("outcome", sort=False):
        full = rows.set_index("second")["requests"].reindex(range(seconds), fill_value=0)
        yield str(outcome), full.rename_axis("second").reset_index()


def from_series(series: RunSeries | None) -> Iterator[Panel]:
    """One panel per group of series; none for a run without series."""
    if series is None or series.frame is None:
        return
    covered = series.coverages
    for place, (name, panel) in enumerate(((key, one) for key, one in PANELS.items() if one.drawn), start=3):
        wanted = [one for one in SERIES if one.panel == name]
        bare = [one for one in wanted if covered[one.name].reason]
        found = [(one, drawn) for one in wanted if one not in bare for drawn in _lines(one, series)]
        lines = _kept([(one, drawn) for one, drawn in found if drawn.x[-1] >= 0])
        dressed = tuple(_at(_dressed(line, number), place) for number, line in enumerate(lines))
        reasons = [f"{one.title or one.name}: {covered[one.name].reason}" for one in bare]
        note = "; ".join(reasons or ([TOO_SHORT] if found and not lines else []))
        yield Panel(panel.title, panel.unit, dressed, panel.logarithmic, note=note)


def _lines(one: Series, series: RunSeries) -> Iterator[go.Scatter]:
    for labels, rows in series.lines(one.name):
        label = " ".join(filter(None, (one.title, *(labels.get(key, "") for key in one.by))))
        told = _gaps(rows, one.every_s)
        yield _line(
            told.assign(second=told["second"] - one.behind_s),
            label.replace("_", " "),
            FIXED_ROLES.get(_key(one, labels), ""),
            one.unit,
        )


def _key(one: Series, labels: dict[str, str]) -> str:
    return next((labels[key] for key in ("outcome", "process", "instance") if key in labels), one.name)


def _gaps(rows: pd.DataFrame, every_s: float) -> pd.DataFrame:
    """Every slot of the series, those without a scrape without a value; at most `POINTS`, each the worst of its bin."""
    slots = (rows["second"] / every_s).round().astype("int64")
    full = rows.assign(slot=slots).set_index("slot").reindex(range(int(slots.min()), int(slots.max()) + 1))
    offset = float(rows["second"].iloc[0] - slots.iloc[0] * every_s)
    full = full.assign(second=full.index * every_s + offset)
    step = math.ceil(len(full) / POINTS)
    if step == 1:
        return full
    return full.groupby(full.index // step, as_index=False).agg({"second": "min", "value": "max"})


def _kept(lines: list[tuple[Series, go.Scatter]]) -> list[go.Scatter]:
    """Those that can be seen; of too many the highest."""
    highest = [max((value for value in line.y if value is not None), default=0.0) for _, line in lines]
    least = FAINT * max(highest, default=0.0)
    seen = [place for place, (one, _) in enumerate(lines) if highest[place] > least or not MANY.intersection(one.by)]
    chosen = sorted(seen, key=lambda place: -highest[place])[:MOST]
    return [lines[place][1] for place in sorted(chosen)]


def _line(rows: pd.DataFrame, name: str, role: str, unit: str) -> go.Scatter:
    return go.Scatter(
        x=[float(f"{second:.4g}") if second < 1000 else round(float(second), 1) for second in rows["second"]],
        y=numbers(rows["value"]),
        name=literal(name),
        mode="lines",
        connectgaps=False,
        meta={"role": role},
        hovertemplate=f"%{{y:,.4~g}} {unit}",
    )


def _role(name: str, place: int) -> str:
    return FIXED_ROLES.get(name, ROLES[place % len(ROLES)])


def _dressed(line: go.Scatter, place: int) -> go.Scatter:
    return line.update(meta={"role": line.meta["role"] or ROLES[place % len(ROLES)]})


def _at(line: go.Scatter, place: int) -> go.Scatter:
    """The line on the axes and in the legend of its panel, as its role is drawn."""
    mark = MARKS[line.meta["role"]]
    if _alone(line.y):
        line.update(mode="lines+markers", marker={"size": 5, "color": mark.colour, "symbol": mark.symbol})
    style = {"color": mark.colour, "dash": mark.dash, "width": mark.width}
    return line.update(yaxis=axis_name(place), legend=numbered("legend", place), line=style)


def _alone(values: tuple[float | None, ...]) -> bool:
    """Whether a value has no neighbour: a line alone would not show it."""
    around = [None, *values, None]
    return any(
        value is not None and before is None and after is None
        for before, value, after in zip(around, around[1:], around[2:], strict=False)
    )


def axis_name(place: int) -> str:
    """What a trace calls the axis of the panel at that place."""
    return numbered("y", place)


def numbered(name: str, place: int) -> str:
    """`name` for the first place, name2, name3, … for the others, as Plotly counts."""
    return name if place == 0 else f"{name}{place + 1}"
