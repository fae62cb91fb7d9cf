"""Sentences computed from the data: each with its figure, its unit and the run it came from.

A rule looks at the study and yields findings or nothing; no rule yields a sentence that would be
the same whatever was measured. Runs that support no claim (INVALID, audit failed) yield that
fact and no figures.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from rushlab.model.results import RunFigures, ThresholdResult
from rushlab.model.verdict import Status, Validity
from rushlab.show import support, units
from rushlab.show.table import Tone
from rushlab.show.views import RunView, Study


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence; `value` in `unit` is the figure it rests on, `runs` the ids it came from."""

    sentence: str
    value: float | None
    unit: str
    runs: tuple[str, ...]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a study, gravest first."""

    items: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        lines = [f'<li class="rl-{item.tone or "plain"}">{_line(item)}</li>' for item in self.items]
        return f'<ul class="rl-findings">{"".join(lines)}</ul>'

    def __repr__(self) -> str:
        return "\n".join(f"- {item.sentence}" for item in self.items)


def _line(item: Finding) -> str:
    return f"{html.escape(item.sentence)} <small>{html.escape(', '.join(item.runs))}</small>"


def findings(study: Study) -> Findings:
    """All findings of a study: correctness first, then validity, thresholds, comparisons."""
    return Findings(tuple(finding for rule in RULES for finding in rule(study)))


def invariants(study: Study) -> Iterator[Finding]:
    """Invariants that failed, warned or could not be decided, with what was counted."""
    for view in study:
        for check in view.run.audit.invariants if view.run.audit else ():
            if check.status in (Status.FAIL, Status.WARN):
                tone: Tone = "bad" if check.status is Status.FAIL else "warn"
                sentence = (
                    f"{view.label}: {check.id} ({check.title}) is {check.status}: {check.value}, allowed {check.limit}."
                )
                yield Finding(sentence, None, "", (view.run.id,), tone)


def validity(study: Study) -> Iterator[Finding]:
    """Runs that are not VALID, and why."""
    for view in study:
        if view.validity is not Validity.VALID:
            reason = view.run.verdict.reason if view.run.verdict else view.run.problem or "it was not judged"
            tone: Tone = "bad" if view.validity is Validity.INVALID else "warn"
            yield Finding(f"{view.label} is {view.validity}: {reason.rstrip('.')}.", None, "", (view.run.id,), tone)


def missed(study: Study) -> Iterator[Finding]:
    """Thresholds that a usable run missed, with the value and by how much."""
    for view, figures in usable(study):
        for result in figures.thresholds:
            if result.passed is False and result.value is not None:
                unit = "ms" if result.metric.endswith("duration") else "share"
                sentence = f"{view.label} misses {result.metric} {result.expression}: it was {_value(result)}."
                yield Finding(sentence, result.value, unit, (view.run.id,), "bad")


def _value(result: ThresholdResult) -> str:
    return units.duration(result.value) if result.metric.endswith("duration") else units.percent(result.value)


def failures(study: Study) -> Iterator[Finding]:
    """Requests that failed."""
    for view, figures in usable(study):
        if figures.failed:
            share = figures.failed / figures.requests
            number = f"{units.count(figures.failed)} of {units.count(figures.requests)} requests"
            yield Finding(
                f"{view.label}: {number} failed ({units.percent(share)}).", share, "share", (view.run.id,), "warn"
            )


def unconfirmed(study: Study) -> Iterator[Finding]:
    """Accepted coupons that were not confirmed when the run was judged."""
    for view, figures in usable(study):
        issued, confirmed = figures.outcomes.get("issued"), figures.confirmed
        if issued is not None and confirmed is not None and confirmed < issued:
            gap = issued - confirmed
            sentence = (
                f"{view.label}: {units.count(gap)} of {units.count(issued)} accepted coupons were never confirmed."
            )
            yield Finding(sentence, gap, "coupons", (view.run.id,), "bad")


def faster(study: Study) -> Iterator[Finding]:
    """p95 of each variant against each other, per profile, where both have samples enough."""
    for profile in study.profiles:
        pairs = [(view, figures) for view, figures in usable(study) if view.run.profile.name == profile]
        for (first, a), (second, b) in combinations(pairs, 2):
            if _has_p95(a) and _has_p95(b) and a.p95_ms and b.p95_ms:
                ratio = b.p95_ms / a.p95_ms
                yield Finding(
                    _compared(profile, first, second, a, b), ratio, "ratio of p95", (first.run.id, second.run.id)
                )


def _compared(profile: str, first: RunView, second: RunView, a: RunFigures, b: RunFigures) -> str:
    ratio = (b.p95_ms or 0) / (a.p95_ms or 1)
    text = f"{profile}: p95 is {units.duration(b.p95_ms)} on {second.run.variant}, {units.duration(a.p95_ms)} on {first.run.variant}"
    text += f": {units.speed(ratio)}"
    if a.bound_share is not None and b.bound_share is not None:
        text += f", while doing {units.percent(b.bound_share)} and {units.percent(a.bound_share)} of the requests its schedule allows"
    return f"{text} (one run each, no noise floor)."


def against_report(study: Study) -> Iterator[Finding]:
    """The first variant's p95 against the report's, with the scale."""
    for view, figures in usable(study):
        theirs = study.beside(view.run.profile.name)
        if (
            view.run.variant == next(iter(study.variants))
            and theirs
            and theirs.p95
            and figures.p95_ms
            and _has_p95(figures)
        ):
            ratio = figures.p95_ms / theirs.p95
            text = f"{view.label}: p95 {units.duration(figures.p95_ms)} at scale {study.scale_label}, the original {units.duration(theirs.p95)}"
            yield Finding(
                f"{text}: {units.speed(ratio)}, on another machine with other servers.",
                ratio,
                "ratio of p95",
                (view.run.id,),
            )


def slowest_drain(study: Study) -> Iterator[Finding]:
    """The run whose confirmations lagged the longest after the load had ended."""
    drains = [(figures.drain_s, view) for view, figures in usable(study) if figures.drain_s is not None]
    if drains:
        longest, view = max(drains, key=lambda pair: pair[0])
        sentence = f"The longest drain was {units.seconds(longest)} ({view.label}), the time until every accepted coupon was confirmed."
        yield Finding(sentence, longest, "s", (view.run.id,))


def usable(study: Study) -> Iterator[tuple[RunView, RunFigures]]:
    """Views whose figures support a claim."""
    for view in study:
        if view.figures is not None and view.objection is None:
            yield view, view.figures


def _has_p95(figures: RunFigures) -> bool:
    return support.support(figures.requests, "p95") != "too few"


RULES: tuple[Callable[[Study], Iterator[Finding]], ...] = (
    invariants,
    validity,
    unconfirmed,
    missed,
    failures,
    faster,
    against_report,
    slowest_drain,
)
