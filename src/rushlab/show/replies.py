"""What a study says of one variant: does its broker keep up, where does its time go, how much load does it bear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rushlab.judge.failing import REFUSED, failing
from rushlab.judge.guess_answers import ROOM, SATURATED
from rushlab.judge.guess_busy import Busy
from rushlab.judge.guess_causes import PROMPT_MS, PROMPT_S
from rushlab.judge.onset import SECONDS, Onset
from rushlab.model.results import RunFigures
from rushlab.model.verdict import Status
from rushlab.show import guesses, trouble, units
from rushlab.show.claims import Usable, supported, usable
from rushlab.show.reply import CANNOT_TELL, Reply, heading, left_open, said
from rushlab.show.table import Tone
from rushlab.show.tables.inside import STAGES
from rushlab.show.views import RunView, Study

#: Profiles that are spikes, the hardest first.
SPIKES = ("peak-2000", "peak-1500", "sold-out")


def broker(study: Study, variant: str) -> Reply:
    """Whether every coupon accepted on the hardest spike was confirmed by way of Kafka, and how soon."""
    spikes = {view.run.profile.name: (view, figures) for view, figures in _undisturbed(study, variant)}
    name = next((name for name in SPIKES if name in spikes), None)
    if name is None:
        why = f"There is no usable run of a spike; what would tell: rushlab report --profiles {SPIKES[0]}"
        return left_open(variant, why, "Verdicts")
    view, figures = spikes[name]
    issued, confirmed, drain_s = figures.outcomes.get("issued", 0), figures.confirmed, figures.drain_s
    if confirmed is None or not issued:
        why = f"How many coupons were confirmed on {name} is not known: {view.reason('confirmed')}"
        return Reply(variant, CANNOT_TELL, said(view, why, None, "", "warn"), heading(view.run.profile.name))
    word, tone = _kept_up(view, figures, issued)
    within = figures.confirm_ms.get("p95")
    text = f"On {name}, up to {view.run.profile.peak_vus:,d} virtual users, {confirmed:,d} of {issued:,d} accepted "
    text += "coupons were confirmed by way of Kafka"
    text += "" if within is None else f", 95 of 100 within {units.duration(within)} of the answer"
    text += "" if drain_s is None else f", the last {units.seconds(drain_s)} after the load ended"
    return Reply(variant, word, said(view, text, within, "ms", tone), heading(view.run.profile.name))


def _undisturbed(study: Study, variant: str) -> Iterator[tuple[RunView, RunFigures]]:
    """The variant's usable runs in which nothing was broken on purpose."""
    return (found for found in usable(study, variant) if not found[0].run.faults)


def _supported(study: Study, variant: str) -> list[Usable]:
    """Those of them that have requests enough."""
    return [found for found in supported(study, variant) if not found[0].run.faults]


def _kept_up(view: RunView, figures: RunFigures, issued: int) -> tuple[str, Tone]:
    if figures.confirmed is not None and figures.confirmed < issued:
        return "no, coupons are missing", "bad"
    confirm_ms = figures.confirm_ms.get("p95")
    if figures.drain_s is None or figures.drain_s > PROMPT_S or confirm_ms is None or confirm_ms > PROMPT_MS:
        return "yes, but late", "warn"
    return ("yes", "good") if view.audit is Status.PASS else (f"yes, as far as the audit ({view.audit}) goes", "warn")


def bottleneck(study: Study, variant: str) -> Reply:
    """The stage of the service in which requests spent most of their time on the slowest run, and the processors."""
    slowest = max(_supported(study, variant), key=lambda found: found[2], default=None)
    if slowest is None:
        return left_open(variant, "There is no usable run with requests enough", "Verdicts")
    view, figures, p95 = slowest
    known, name = guesses.facts_of(view, figures), view.run.profile.name
    limit = trouble.limit_of(view)
    text = (
        f"On {name}, the slowest profile, 95 of 100 answers came within {units.duration(p95)}{_against(limit, p95)}; "
    )
    if not known.stage_s or not sum(known.stage_s.values()):
        text += "where in the service that time went was not recorded"
        return Reply(variant, CANNOT_TELL, said(view, text, p95, "ms", "warn"), heading(view.run.profile.name))
    stage, spent = max(known.stage_s.items(), key=lambda pair: pair[1])
    share = spent / sum(known.stage_s.values())
    felt = limit is None or p95 >= limit
    text += f"{units.percent(share)} of the time inside the service went "
    text += "there" if felt else f"to {STAGES.get(stage, stage)}"
    text += _processors(known.busiest("host", known.cores) if known.cores else None)
    word = STAGES.get(stage, stage) if felt else "none that a user would feel"
    return Reply(
        variant, word, said(view, text, share, "share", "warn" if felt else "good"), heading(view.run.profile.name)
    )


def _against(limit: float | None, p95: float) -> str:
    return "" if limit is None else f", {'below' if p95 < limit else 'over'} the limit of {units.duration(limit)}"


def _processors(found: Busy | None) -> str:
    if found is None:
        return ""
    room = ", with room" if found.share < ROOM and not found.mean else ""
    rest = ", a bottleneck of their own" if found.share >= SATURATED else room
    return f"; the processors were {units.percent(found.share)} busy {found.when}, load generator included{rest}"


def limit(study: Study, variant: str) -> Reply:
    """The fewest virtual users at which answers became too slow; where they never did, the most that were borne.

    A load that was mostly refused was not borne, nor was one whose requests went wrong.
    """
    runs = [found for found in _supported(study, variant) if _has_course(found[0]) and not _refused(*found[:2])]
    began = [(view, found) for view, _, _ in runs if (found := trouble.onset_of(view))]
    if began:
        ceiling = _ceiling(study, variant)
        return _reached(variant, sorted(began, key=lambda pair: (pair[1].vus is None, pair[1].vus)), ceiling)
    borne = [found for found in runs if failing(found[1]) is None]
    if borne:
        return _held(variant, borne)
    why = "No usable run whose requests were mostly served has both a limit and a course over time"
    return left_open(variant, why, "Onset of trouble")


def _refused(view: RunView, figures: RunFigures) -> bool:
    """Whether the run was a sale that ends: one with a stock of its own, or with more refusals than other answers."""
    refusals = sum(figures.outcomes.get(name, 0) for name in REFUSED)
    return view.run.profile.stock is not None or 2 * refusals > figures.requests


def _has_course(view: RunView) -> bool:
    return trouble.limit_of(view) is not None and view.timeline is not None and not view.timeline.empty


def _reached(variant: str, began: list[tuple[RunView, Onset]], ceiling: str) -> Reply:
    """Where answers became too slow at the fewest users; the range over all profiles where there are several."""
    view, found = began[0]
    text = f"On {view.run.profile.name} the p95 stayed over {units.duration(trouble.limit_of(view))} "
    text += _row(found)
    first = trouble.first_resource(view, found)
    text += "" if first is None else f"; what held most of the waiting requests then: {first[0]}"
    text += ceiling
    runs = tuple(one.run.id for one, _ in began)
    told = replace(said(view, text, found.vus, "virtual users", "warn"), runs=runs)
    return Reply(variant, f"reached{_with([found.vus for _, found in began])}", told, heading(view.run.profile.name))


def _row(found: Onset) -> str:
    """The row of seconds that trouble began with, and how many there were besides."""
    told = f"for {units.plural(found.lasted_s, 'second')} in a row from {trouble.describe(found)}"
    if found.over_s == found.lasted_s:
        return told
    return f"{told}; it was over in {units.plural(found.over_s, 'second')} of the run in all"


def _with(users: list[int | None]) -> str:
    known = [number for number in users if number is not None]
    if not known:
        return ""
    fewest, most = min(known), max(known)
    if fewest == most:
        return f" with {units.plural(fewest, 'virtual user')}"
    return f" with {fewest:,d} to {most:,d} virtual users, by profile"


def _held(variant: str, runs: list[Usable]) -> Reply:
    """No onset anywhere: the run with the most users; slow on the whole is said all the same."""
    view, _, p95 = max(runs, key=lambda run: (run[0].run.profile.peak_vus, run[2]))
    users, over = view.run.profile.peak_vus, trouble.limit_of(view) or 0.0
    text = f"On {view.run.profile.name}, up to {users:,d} virtual users and {_most(view):,d} answers in a second, the "
    text += f"p95 was {units.duration(p95)}; on none of {units.plural(len(runs), 'run')} was it over "
    text += f"{units.duration(over)} for {SECONDS} seconds in a row"
    slow = p95 >= over
    word = "cannot tell from seconds" if slow else f"not reached with {units.plural(users, 'virtual user')}"
    return Reply(
        variant,
        word,
        said(view, text, users, "virtual users", "warn" if slow else "good"),
        heading(view.run.profile.name),
    )


def _ceiling(study: Study, variant: str) -> str:
    """The most requests that were answered in a second of any run in which they were mostly served, and on which."""
    served = [view for view, figures in _undisturbed(study, variant) if not _refused(view, figures)]
    best = max(served, key=_most)
    return f"; at most {_most(best):,d} requests were answered in any second ({best.run.profile.name})"


def _most(view: RunView) -> int:
    """The most requests that were answered, and did not fail, in one second."""
    if view.timeline is None or view.timeline.empty:
        return 0
    return int((view.timeline["requests"] - view.timeline["failed"]).max())
