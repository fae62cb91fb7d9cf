"""Findings that put runs against each other: variants, the original report, milder and steeper profiles."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rushlab.judge.headline import Weight
from rushlab.show import support, units
from rushlab.show.claims import Usable, comparable, doubt, pairs, usable
from rushlab.show.finding import Finding
from rushlab.show.views import RunView, Study

#: Pairs of profiles that the original report discusses against each other: the milder first.
DISCUSSED = (("stress-100", "stress-500"), ("peak-1500", "peak-2000"))


#: What a ratio of two single runs is worth.
SINGLE = "one run each, so without a noise floor: exploratory"


def between_variants(study: Study) -> Iterator[Finding]:
    """p95 of each variant against each earlier one, over the profiles where both have samples enough."""
    for first, second in combinations(study.variants, 2):
        ratios = {profile: b[1] / a[1] for profile, a, b in pairs(study, first, second)}
        if ratios:
            runs = tuple(view.run.id for _, a, b in pairs(study, first, second) for view in (a[0], b[0]))
            sentence = f"Variant {second} against {first}, p95: {_spread(ratios)} ({SINGLE})."
            yield Finding(sentence, max(ratios.values()), "ratio of p95", runs)


def confirm_times(study: Study) -> Iterator[Finding]:
    """The same of the time from accept to confirm: a variant may answer sooner and confirm later."""
    for first, second in combinations(study.variants, 2):
        before, after = _confirms(study, first), _confirms(study, second)
        both = [profile for profile in before if profile in after]
        if both:
            ratios = {profile: after[profile][1] / before[profile][1] for profile in both}
            runs = tuple(found[profile][0].run.id for profile in both for found in (before, after))
            sentence = f"Variant {second} against {first}, p95 of the time from accept to confirm: {_spread(ratios)}"
            yield Finding(f"{sentence} ({SINGLE}).", max(ratios.values()), "ratio of the p95 to confirm", runs)


def _confirms(study: Study, variant: str) -> dict[str, tuple[RunView, float]]:
    """Profile → a run that may be held against others, with its p95 to confirm where enough coupons lie beyond it."""
    found = ((view, figures, figures.confirm_ms.get("p95")) for view, figures in usable(study, variant))
    return {
        view.run.profile.name: (view, p95)
        for view, figures, p95 in found
        if p95 and doubt(view) is None and support.support(figures.confirmed or 0, "p95") is not Weight.TOO_FEW
    }


def against_original(study: Study) -> Iterator[Finding]:
    """p95 of each variant against the original's, with the scale and that the environments differ."""
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
    if ratios[low] == ratios[high]:
        return f"{units.speed(ratios[low])} on {low if len(ratios) == 1 else f'each of {len(ratios)} profiles'}"
    return f"from {units.speed(ratios[low])} ({low}) to {units.speed(ratios[high])} ({high})"


def steeper(study: Study) -> Iterator[Finding]:
    """Per variant steps of 500 against steps of 100, a peak of 2,000 against one of 1,500: p95, share, requests."""
    for variant in study.variants:
        found = {view.run.profile.name: (view, figures, p95) for view, figures, p95 in comparable(study, variant)}
        for mild, steep in DISCUSSED:
            if mild in found and steep in found:
                yield _steeper(study, variant, found[mild], found[steep])


def _steeper(study: Study, variant: str, mild: Usable, steep: Usable) -> Finding:
    (a, a_figures, a_p95), (b, b_figures, b_p95) = mild, steep
    times = f"p95 {units.duration(b_p95)} against {units.duration(a_p95)}, {units.speed(b_p95 / a_p95)}"
    counts = f"{b_figures.requests:,d} against {a_figures.requests:,d} requests"
    clauses = [f"{times}{_as_published(study, mild, steep)}", _shares(mild, steep), counts]
    told = "; ".join(clause for clause in clauses if clause)
    sentence = f"Variant {variant}, {b.run.profile.name} against {a.run.profile.name}: {told} ({SINGLE})."
    return Finding(sentence, b_p95 / a_p95, "ratio of p95", (a.run.id, b.run.id))


def _as_published(study: Study, mild: Usable, steep: Usable) -> str:
    """The same ratio of p95 in the original report."""
    a, b = (study.beside(view.run.profile.name) for view, _, _ in (mild, steep))
    if a is None or b is None or not a.p95 or not b.p95:
        return ""
    return f" (original report: {units.speed(b.p95 / a.p95)})"


def _shares(mild: Usable, steep: Usable) -> str:
    """Both shares of the bound and their ratio; nothing where one has none (an open model)."""
    a, b = mild[1].bound_share, steep[1].bound_share
    if not a or not b:
        return ""
    ratio = units.direction(b / a, lower="lower", higher="higher")
    return f"share of the bound {units.percent(b)} against {units.percent(a)}, {ratio}"
