"""Which runs of a study a sentence may rest on."""

from __future__ import annotations

from collections.abc import Iterator

from rushlab.judge.failing import failing
from rushlab.judge.headline import Weight
from rushlab.model.results import RunFigures
from rushlab.model.verdict import Validity
from rushlab.show import support, units
from rushlab.show.views import RunView, Study

#: A run, its figures, and its p95 in ms that has samples enough.
Usable = tuple[RunView, RunFigures, float]


def usable(study: Study, variant: str | None = None) -> Iterator[tuple[RunView, RunFigures]]:
    """Runs (of one variant) that are not INVALID and did not fail their audit."""
    names = list(study.variants) if variant is None else [variant]
    for view in (study.view(name, profile) for profile in study.profiles for name in names):
        if view and view.figures is not None and view.objection is None:
            yield view, view.figures


def doubt(view: RunView) -> str | None:
    """Why this run's figures, as far as they stand, are held against no other's; None when they may be.

    Faster but wrong is never ranked, and unknown is never a pass.
    """
    if view.objection:
        return view.objection
    if view.validity is not Validity.VALID:
        return f"{view.validity}: {view.run.verdict.reason if view.run.verdict else 'it was not judged'}"
    missed = failing(view.figures) if view.figures else None
    if missed is None:
        return None
    return (
        f"too many requests went wrong: {missed.metric} {missed.expression} is missed ({units.percent(missed.value)})"
    )


def supported(study: Study, variant: str | None = None) -> Iterator[Usable]:
    """Usable runs whose p95 has at least ten requests beyond it."""
    for view, figures in usable(study, variant):
        if figures.p95_ms and support.support(figures.requests, "p95") is not Weight.TOO_FEW:
            yield view, figures, figures.p95_ms


def comparable(study: Study, variant: str | None = None) -> Iterator[Usable]:
    """Those of them that may be held against others."""
    return (found for found in supported(study, variant) if doubt(found[0]) is None)


def pairs(study: Study, first: str, second: str) -> Iterator[tuple[str, tuple[RunView, float], tuple[RunView, float]]]:
    """Per profile both variants' runs with their p95, where both are comparable."""
    earlier = {view.run.profile.name: (view, p95) for view, _, p95 in comparable(study, first)}
    for view, _, p95 in comparable(study, second):
        name = view.run.profile.name
        if name in earlier:
            yield name, earlier[name], (view, p95)
