"""Sentences computed from the data: each with its figure, its unit and the runs it came from.

A rule looks at the study and yields findings or nothing; no rule yields a sentence that would be
the same whatever was measured. Runs that support no claim (INVALID, audit failed) yield that
fact and no figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from rushlab.judge.onset import SECONDS, Onset
from rushlab.judge.stall import Stall, stalls
from rushlab.judge.thresholds import parse
from rushlab.model.results import RunFigures, ThresholdResult
from rushlab.model.verdict import Check, Status, Validity
from rushlab.show import trouble, units
from rushlab.show.broken import breakages
from rushlab.show.claims import doubt, supported, usable
from rushlab.show.comparisons import against_original, between_variants, confirm_times, steeper
from rushlab.show.finding import Finding, Findings
from rushlab.show.sale_findings import guessed, sold_out
from rushlab.show.table import Tone
from rushlab.show.tables.limits import value
from rushlab.show.views import RunView, Study


def findings(study: Study) -> Findings:
    """All findings of a study, gravest first; among equals correctness, validity, thresholds, comparisons."""
    found = [finding for rule in RULES for finding in rule(study)]
    return Findings(tuple(sorted(found, key=lambda finding: GRAVITY.get(finding.tone, len(GRAVITY)))))


#: What is grave comes first; what has no place here comes last.
GRAVITY: dict[Tone, int] = {"bad": 0, "warn": 1}


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


def on_purpose(study: Study) -> Iterator[Finding]:
    """What was broken on purpose, and for how long."""
    for view in study:
        for found in breakages(view):
            lasted = None if found.end is None else found.end - found.start
            yield Finding(f"{view.label}, broken on purpose: {found.words}.", lasted, "s", (view.run.id,))


def stalled(study: Study) -> Iterator[Finding]:
    """Seconds in which a run stood nearly still: its whole-run figures hold them."""
    for view, _ in usable(study):
        for found in () if view.timeline is None else stalls(view.timeline):
            yield Finding(_stalled(view, found), found.lasted_s, "s", (view.run.id,), "warn")


def _stalled(view: RunView, found: Stall) -> str:
    told = f"{view.label} stood nearly still from second {found.begin} to {found.end}: {found.fewest:,d} to "
    told += f"{found.most:,d} requests a second were answered, {found.before_per_s:,.0f} before"
    busy, usual = trouble.processors(view, found.begin, found.end), trouble.processors(view)
    if busy is not None and usual is not None and busy < usual / 2:
        told += f"; the processors idled ({busy:.1f} of {usual:.1f} cores at work), so something else held it up"
    return f"{told}. The figures of the whole run hold these seconds."


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
    worst = _worst([result for _, result in those])
    told = ", ".join(f"{view.run.profile.name} {value(result)}" for view, result in those)
    sentence = (
        f"Variant {variant} misses {worst.metric} {worst.expression} on {units.plural(len(those), 'profile')}: {told}."
    )
    unit = "ms" if worst.metric.endswith("duration") else "share"
    return Finding(sentence, worst.value, unit, tuple(view.run.id for view, _ in those), "bad")


def _worst(those: list[ThresholdResult]) -> ThresholdResult:
    """Of the misses of one threshold the furthest from its limit."""
    threshold = parse(those[0].expression)
    limit = threshold.limit if threshold else 0.0
    return max(those, key=lambda result: abs((result.value or 0.0) - limit))


def failures(study: Study) -> Iterator[Finding]:
    """Requests that failed."""
    for view, figures in usable(study):
        if figures.failed:
            share = figures.failed / figures.requests
            told = f"{figures.failed:,d} of {figures.requests:,d} requests failed ({units.percent(share)})"
            yield Finding(f"{view.label}: {told}.", share, "share", (view.run.id,), "warn")


def not_compared(study: Study) -> Iterator[Finding]:
    """Runs whose times stand, but not against another run's, and why."""
    for view, _, _ in supported(study):
        if why := doubt(view):
            sentence = f"{view.label}: its times are held against no other run's: {why.rstrip('.')}."
            yield Finding(sentence, None, "", (view.run.id,), "warn")


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


def onset(study: Study) -> Iterator[Finding]:
    """Per variant when trouble began, at the fewest virtual users; nothing where it never did."""
    for variant in study.variants:
        views = [view for view, _ in usable(study, variant) if trouble.limit_of(view) is not None]
        found = [(view, began) for view in views if (began := trouble.onset_of(view))]
        if found:
            yield _onset(variant, len(views), found)


def _onset(variant: str, judged: int, found: list[tuple[RunView, Onset]]) -> Finding:
    view, began = min(found, key=lambda pair: math.inf if pair[1].vus is None else pair[1].vus)
    limit = f"p95 over {units.duration(trouble.limit_of(view))} for {SECONDS} seconds or more"
    where = f"{view.run.profile.name}, from {trouble.describe(began)} for {units.plural(began.lasted_s, 'second')}"
    where += "" if began.over_s == began.lasted_s else f", {began.over_s} in all"
    first = "; at the fewest users on " if found[1:] else ": "
    share = "" if judged == 1 else f"{len(found)} of {judged} profiles{first}"
    sentence = f"Variant {variant} got into trouble ({limit}) on {share}{where}."
    others = (one.run.id for one, _ in found if one is not view)
    return Finding(sentence, began.vus, "virtual users", (view.run.id, *others), "warn")


def slowest_drain(study: Study) -> Iterator[Finding]:
    """Per variant the run whose confirmations lagged the longest after the load, of those that left none open."""
    for variant, views in study.variants.items():
        drains = [
            (figures.drain_s, view)
            for view, figures in usable(study, variant)
            if figures.drain_s is not None and _all_confirmed(figures)
        ]
        if drains:
            yield _drained(variant, drains, len(views))


def _all_confirmed(figures: RunFigures) -> bool:
    return figures.confirmed is not None and figures.confirmed >= figures.outcomes.get("issued", 0)


def _drained(variant: str, drains: list[tuple[float, RunView]], runs: int) -> Finding:
    longest, view = max(drains, key=lambda pair: pair[0])
    ids = tuple(other.run.id for seconds, other in drains if seconds == longest)
    names = [other.run.profile.name for _, other in drains]
    where = f"on {names[0]}" if len(names) == 1 else f"on {len(names)} profiles"
    if len(names) < runs:
        where = f"on {len(names)} of {runs} profiles ({', '.join(names)})"
    late = f"at most {units.seconds(longest)} after the load ended ({view.run.profile.name})"
    when = late if longest else "before the load ended"
    told = f", {where}" if len(names) < runs or not longest else ""
    return Finding(f"Variant {variant}: every accepted coupon was confirmed {when}{told}.", longest, "s", ids)


RULES: tuple[Callable[[Study], Iterator[Finding]], ...] = (
    invariants,
    validity,
    on_purpose,
    stalled,
    unconfirmed,
    thresholds,
    failures,
    not_compared,
    onset,
    between_variants,
    confirm_times,
    against_original,
    steeper,
    shares,
    slowest_drain,
    sold_out,
    guessed,
)
