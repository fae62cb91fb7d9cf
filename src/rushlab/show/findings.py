"""Sentences computed from the data: each with its figure, its unit and the runs it came from.

A rule looks at the study and yields findings or nothing; no rule yields a sentence that would be
the same whatever was measured. Runs that support no claim (INVALID, audit failed) yield that
fact and no figures.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from rushlab.model.results import ThresholdResult
from rushlab.model.verdict import Check, Status, Validity
from rushlab.show import units
from rushlab.show.claims import Usable, comparable, pairs, usable
from rushlab.show.table import Tone
from rushlab.show.tables.limits import value
from rushlab.show.views import RunView, Study

#: Pairs of profiles the report discusses against each other: the milder first.
DISCUSSED = (("stress-100", "stress-500"), ("peak-1500", "peak-2000"))

#: The space between a number and its unit, where no line may break.
UNIT = re.compile(r"(?<=\d) (?=%|ms\b|s\b)")


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
    sentence, runs = UNIT.sub("&nbsp;", html.escape(item.sentence)), html.escape(", ".join(item.runs))
    if len(item.runs) <= 2:
        return f"{sentence} <small>{runs}</small>"
    return f"{sentence} <details><summary>from {len(item.runs)} runs</summary>{runs}</details>"


def findings(study: Study) -> Findings:
    """All findings of a study: correctness first, then validity, thresholds, comparisons."""
    return Findings(tuple(finding for rule in RULES for finding in rule(study)))


def invariants(study: Study) -> Iterator[Finding]:
    """Invariants that failed, warned or could not be decided, with what was counted."""
    tones: dict[Status, Tone] = {Status.FAIL: "bad", Status.WARN: "warn", Status.UNKNOWN: "warn"}
    for view in study:
        for check in view.run.audit.invariants if view.run.audit else ():
            if check.status in tones:
                yield Finding(_invariant(view, check), None, "", (view.run.id,), tones[check.status])


def _invariant(view: RunView, check: Check) -> str:
    return f"{view.label}: {check.id} ({check.title}) is {check.status}: {check.value}; allowed {check.limit}."


def validity(study: Study) -> Iterator[Finding]:
    """Runs that are not VALID, and why."""
    for view in study:
        if view.validity is not Validity.VALID:
            reason = view.run.verdict.reason if view.run.verdict else view.run.problem or "it was not judged"
            tone: Tone = "bad" if view.validity is Validity.INVALID else "warn"
            yield Finding(f"{view.label} is {view.validity}: {reason.rstrip('.')}.", None, "", (view.run.id,), tone)


def unconfirmed(study: Study) -> Iterator[Finding]:
    """Accepted coupons that were not confirmed when the run was judged."""
    for view, figures in usable(study):
        issued, confirmed = figures.outcomes.get("issued"), figures.confirmed
        if issued is not None and confirmed is not None and confirmed < issued:
            sentence = f"{view.label}: {issued - confirmed:,d} of {issued:,d} accepted coupons were never confirmed."
            yield Finding(sentence, issued - confirmed, "coupons", (view.run.id,), "bad")


def thresholds(study: Study) -> Iterator[Finding]:
    """Per variant: the thresholds missed, with profiles and values, or that all were met."""
    for variant in study.variants:
        results = [(view, result) for view, figures in usable(study, variant) for result in figures.thresholds]
        missed = [(view, result) for view, result in results if result.passed is False]
        for key in dict.fromkeys((result.metric, result.expression) for _, result in missed):
            those = [(view, result) for view, result in missed if (result.metric, result.expression) == key]
            yield _missed(variant, those)
        if results and all(result.passed for _, result in results):
            runs = tuple(dict.fromkeys(view.run.id for view, _ in results))
            met = f"{'all' if len(results) > 1 else 'the'} {units.plural(len(results), 'threshold')}"
            yield Finding(f"Variant {variant} meets {met}.", len(results), "thresholds", runs, "good")


def _missed(variant: str, those: list[tuple[RunView, ThresholdResult]]) -> Finding:
    worst = max(those, key=lambda pair: abs(pair[1].value or 0))[1]
    told = ", ".join(f"{view.run.profile.name} {value(result)}" for view, result in those)
    sentence = (
        f"Variant {variant} misses {worst.metric} {worst.expression} on {units.plural(len(those), 'profile')}: {told}."
    )
    unit = "ms" if worst.metric.endswith("duration") else "share"
    return Finding(sentence, worst.value, unit, tuple(view.run.id for view, _ in those), "bad")


def failures(study: Study) -> Iterator[Finding]:
    """Requests that failed."""
    for view, figures in usable(study):
        if figures.failed:
            share = figures.failed / figures.requests
            told = f"{figures.failed:,d} of {figures.requests:,d} requests failed ({units.percent(share)})"
            yield Finding(f"{view.label}: {told}.", share, "share", (view.run.id,), "warn")


def between_variants(study: Study) -> Iterator[Finding]:
    """p95 of each variant against each earlier one, over the profiles where both have samples enough."""
    for first, second in combinations(study.variants, 2):
        ratios = {profile: b[1] / a[1] for profile, a, b in pairs(study, first, second)}
        if ratios:
            runs = tuple(view.run.id for _, a, b in pairs(study, first, second) for view in (a[0], b[0]))
            note = "one run each, so without a noise floor: exploratory"
            sentence = f"Variant {second} against {first}, p95: {_spread(ratios)} ({note})."
            yield Finding(sentence, max(ratios.values()), "ratio of p95", runs)


def against_original(study: Study) -> Iterator[Finding]:
    """p95 of each variant against the report's, with the scale and that the environments differ."""
    for variant in study.variants:
        ratios, runs = {}, []
        for view, _, p95 in comparable(study, variant):
            theirs = study.beside(view.run.profile.name)
            if theirs and theirs.p95:
                ratios[view.run.profile.name] = p95 / theirs.p95
                runs.append(view.run.id)
        if ratios:
            told = f"Variant {variant} at scale {study.scale_label} against the original report, p95: {_spread(ratios)}"
            yield Finding(f"{told}; machine and servers differ.", max(ratios.values()), "ratio of p95", tuple(runs))


def _spread(ratios: dict[str, float]) -> str:
    """One ratio, or the lowest and the highest, each with its profile."""
    low, high = min(ratios, key=lambda name: ratios[name]), max(ratios, key=lambda name: ratios[name])
    if low == high:
        return f"{units.speed(ratios[low])} on {low}"
    return f"from {units.speed(ratios[low])} ({low}) to {units.speed(ratios[high])} ({high})"


def shares(study: Study) -> Iterator[Finding]:
    """How much of what the schedules allow each variant did (profiles with a ramp)."""
    for variant in study.variants:
        runs = [
            (view, figures.bound_share)
            for view, figures in usable(study, variant)
            if figures.bound_share is not None and view.run.profile.stages
        ]
        if runs:
            low, high = min(runs, key=lambda pair: pair[1]), max(runs, key=lambda pair: pair[1])
            told = f"{units.percent(low[1])} ({low[0].run.profile.name})"
            if low is not high:
                told = f"between {told} and {units.percent(high[1])} ({high[0].run.profile.name})"
            sentence = f"Variant {variant} did {told} of the requests that the schedules allow."
            yield Finding(sentence, low[1], "share of the bound", tuple(view.run.id for view, _ in runs))


def steeper(study: Study) -> Iterator[Finding]:
    """The profiles that the report discusses in pairs: steps of 500 against 100, a peak of 2,000 against 1,500."""
    for variant in study.variants:
        found = {view.run.profile.name: (view, figures, p95) for view, figures, p95 in comparable(study, variant)}
        for mild, steep in DISCUSSED:
            if mild in found and steep in found:
                yield _steeper(variant, found[mild], found[steep])


def _steeper(variant: str, mild: Usable, steep: Usable) -> Finding:
    (a, a_figures, a_p95), (b, b_figures, b_p95) = mild, steep
    times = f"p95 {units.duration(b_p95)} against {units.duration(a_p95)}, {units.speed(b_p95 / a_p95)}"
    counts = f"{b_figures.requests:,d} against {a_figures.requests:,d} requests"
    done = f"{units.percent(b_figures.bound_share)} against {units.percent(a_figures.bound_share)} of the bound"
    sentence = f"Variant {variant}, {b.run.profile.name} against {a.run.profile.name}: {times}; {counts} ({done})."
    return Finding(sentence, b_p95 / a_p95, "ratio of p95", (a.run.id, b.run.id))


def slowest_drain(study: Study) -> Iterator[Finding]:
    """Per variant the run whose confirmations lagged the longest after the load had ended."""
    for variant in study.variants:
        drains = [(figures.drain_s, view) for view, figures in usable(study, variant) if figures.drain_s is not None]
        if drains:
            longest, view = max(drains, key=lambda pair: pair[0])
            told = f"every accepted coupon was confirmed at most {units.seconds(longest)} after the load ended"
            sentence = f"Variant {variant}: {told} ({view.run.profile.name})."
            yield Finding(sentence, longest, "s", (view.run.id,))


RULES: tuple[Callable[[Study], Iterator[Finding]], ...] = (
    invariants,
    validity,
    unconfirmed,
    thresholds,
    failures,
    between_variants,
    against_original,
    shares,
    steeper,
    slowest_drain,
)
