"""The pairs of profiles that the original discusses: what its steeper one did to the figures of its milder one."""

from __future__ import annotations

from collections.abc import Iterator

from rushlab.model.reference import ReferenceProfile
from rushlab.show import support, units
from rushlab.show.claims import doubt
from rushlab.show.comparisons import DISCUSSED
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.tables.cells import ORIGINAL, blank, ours, unknown
from rushlab.show.tables.response import TIMES, measured
from rushlab.show.views import RunView, Study

SHARE = "bound_share"
OTHER_TEST = (
    "at this scale the ramps are steeper than the original's: hold our ratios against each other, not against it"
)


def steps(study: Study) -> Table | None:
    """Per pair the ratio steeper / milder of every figure: the original's, and each variant's. None without a pair."""
    pairs = [pair for pair in DISCUSSED if any(_both(study, variant, *pair) for variant in study.variants)]
    rows = tuple(row for pair in pairs for row in _rows(study, *pair))
    columns = (Column(ORIGINAL), *(Column(ours(variant)) for variant in study.variants))
    remarks = (f"Times over all requests; {support.rule()}.", *((OTHER_TEST + ".",) if study.scale != 1 else ()))
    return Table("Steeper against milder", "steeper against milder", columns, rows, remarks) if rows else None


def _both(study: Study, variant: str, mild: str, steep: str) -> tuple[RunView, RunView] | None:
    first, second = study.view(variant, mild), study.view(variant, steep)
    return (first, second) if first and second else None


def _rows(study: Study, mild: str, steep: str) -> Iterator[Row]:
    yield Row(f"{steep} against {mild}")
    for figure in (*TIMES, "requests", SHARE):
        own = (_own(study, variant, mild, steep, figure) for variant in study.variants)
        yield Row({SHARE: "share of the bound"}.get(figure, figure), (_theirs(study, mild, steep, figure), *own))


def _theirs(study: Study, mild: str, steep: str, figure: str) -> Cell:
    a, b = study.beside(mild), study.beside(steep)
    first, second = _published(a, figure), _published(b, figure)
    if not first or not second:
        return blank()
    guessed = [name for name, one in ((mild, a), (steep, b)) if one and one.stages_are and figure == SHARE]
    note = f"the stages of {guessed[0]} are inferred from its count, so this share is no evidence" if guessed else ""
    return _ratio(second / first, figure, note)


def _published(reference: ReferenceProfile | None, figure: str) -> float | None:
    return getattr(reference, figure) if reference else None


def _own(study: Study, variant: str, mild: str, steep: str, figure: str) -> Cell:
    views = _both(study, variant, mild, steep)
    if views is None:
        return unknown(f"{mild} and {steep} were not both run on this variant")
    doubts = [f"{view.label}: {why}" for view in views if (why := doubt(view))]
    if doubts:
        return unknown(doubts[0])
    values = [_value(view, figure) for view in views]
    if not values[0] or not values[1]:
        return unknown(f"one of them has no {figure} to compare")
    return _ratio(values[1] / values[0], figure)


def _value(view: RunView, figure: str) -> float | None:
    if figure == SHARE:
        return view.figures.bound_share if view.figures else None
    value = measured(view, figure).value
    return float(value) if isinstance(value, int | float) else None


def _ratio(ratio: float, figure: str, note: str = "") -> Cell:
    words = {"requests": units.amount(ratio), SHARE: units.direction(ratio, lower="lower", higher="higher")}
    return Cell(words.get(figure, units.speed(ratio)), value=ratio, note=note)
