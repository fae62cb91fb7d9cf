"""Guess → verdict: what the runs of a study say of the original report's guesses and measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rushlab.judge.guess_busy import Busy, busy
from rushlab.judge.guess_facts import RunFacts, Runs, Trial
from rushlab.judge.guesses import answer, telling
from rushlab.judge.inside import shares
from rushlab.model.guess import Answer
from rushlab.model.results import RunFigures
from rushlab.model.run import Run
from rushlab.model.verdict import Status, Validity
from rushlab.show import trouble, units
from rushlab.show.claims import doubt, pairs, usable
from rushlab.show.run_series import BEHIND_S, RunSeries
from rushlab.show.views import RunView, Study

#: The variant that is the design which the original describes, and the one with all that it recommends.
ORIGINAL_DESIGN, RECOMMENDED = "report", "recommended"

#: Whose garbage collector stopped it → the series that says for how long (ms per second).
COLLECTORS = {"service": "gc_service", "relay": "gc_relay", "consumers": "gc_consumer", "broker": "gc_broker"}
#: Whose CPU time → the series that has it (% of a core), a line per worker of the service.
PROCESSORS = {"service": "cpu_service", "host": "cpu_machine"}
#: Rules that ask whether an invariant held: a run that failed its audit says so best.
AUDITED = {"failures_one_by_one", "watchdog"}
#: Threads of the database that waited for a row lock, on average: seconds per second.
ROW_LOCKS = "row_locks"


def variant_of(study: Study) -> str:
    """The variant that the guesses are about: the original's design, else the study's first."""
    return next((name for name in study.variants if name == ORIGINAL_DESIGN), next(iter(study.variants)))


def answers(study: Study, trials: Iterable[Trial] = ()) -> tuple[Answer, ...]:
    """One answer per guess and measure, in the original's order, from the usable runs of its design.

    Performance is read from undisturbed runs alone; what an invariant decides, from those that were broken, too.
    """
    audited = _audited(study, variant_of(study))
    runs = {
        view.run.profile.name: facts_of(view, figures)
        for view, figures in usable(study, variant_of(study))
        if not view.run.faults
    }
    tried = (*trials, *study.trials)
    return tuple(
        answer(guess, audited if guess.rule in AUDITED else runs, tried, study.scale)
        for guess in study.reference.guesses
    )


def together(study: Study) -> str:
    """What all measures at once gave, from runs that may be held against one another; empty without two such runs."""
    found = {
        name: after / before
        for name, (first, before), (second, after) in pairs(study, variant_of(study), RECOMMENDED)
        if not (first.run.faults or second.run.faults)
    }
    if not found or variant_of(study) == RECOMMENDED:
        return ""
    return (
        f"All measures together (variant {RECOMMENDED}) gave a p95 {_range(found)}; which of them did it, only an "
        "experiment that changes one at a time can say."
    )


def _range(ratios: dict[str, float]) -> str:
    """Ratios by profile in words: the one there is, or the least and the most."""
    least, most = units.speed(max(ratios.values())), units.speed(min(ratios.values()))
    if len(ratios) == 1 or least == most:
        return f"{most} on {' and '.join(ratios)}"
    word = f" {most.rpartition(' ')[2]}"
    return f"between {least.removesuffix(word)} and {most}, by profile"


def told_from(study: Study, trials: Iterable[Trial] = ()) -> dict[str, str]:
    """The experiments that decide measures, each with its load in words."""
    tried = (*trials, *study.trials)
    return {trial.experiment: trial.load for guess in study.reference.guesses for trial in telling(guess, tried)}


def _audited(study: Study, variant: str) -> Runs:
    """Every run of the variant that is not INVALID, whether or not it failed its audit, by profile; further ones by id.

    Repeats that are not shown count, and so do runs of the variant with a knob changed (`report+consumer_mode=batch`).
    """
    found: dict[str, RunFacts] = {}
    for view in sorted(_of_design(study, variant), key=lambda view: view.run.variant != variant):
        if view.figures and view.validity is not Validity.INVALID:
            name = view.run.profile.name
            found[view.run.id if name in found else name] = facts_of(view, view.figures)
    return found


def _of_design(study: Study, variant: str) -> Iterator[RunView]:
    return (view for view in study.every if view.run.variant.partition("+")[0] == variant.partition("+")[0])


def facts_of(view: RunView, figures: RunFigures) -> RunFacts:
    """What is known of a run when a guess is decided from it."""
    run = view.run
    return RunFacts(
        run=run.id,
        profile=run.profile.name,
        variant=run.variant,
        scale=run.scale,
        doubt=doubt(view),
        requests=figures.requests,
        failed=figures.failed,
        mean_ms=figures.mean_ms,
        median_ms=figures.median_ms,
        p95_ms=figures.p95_ms,
        limit_ms=trouble.limit_of(view),
        bound=figures.bound,
        confirm_p95_ms=figures.confirm_ms.get("p95"),
        drain_s=figures.drain_s,
        issued=figures.outcomes.get("issued"),
        unconfirmed=_unconfirmed(figures),
        load_s=_load_s(view),
        cores=(run.environment.get("host") or {}).get("cores"),
        knobs=run.knobs,
        cpu_s=run.cpu_s,
        cpu_over_s=run.cpu_over_s,
        stage_s=_stages(view),
        gc_s=_collections(view),
        row_lock_s=_spent(view, ROW_LOCKS),
        busy_when=_busy(view),
        faults=run.faults,
        set_aside=_status(run, "I11"),
        holder_stopped=_status(run, "I14"),
    )


def _unconfirmed(figures: RunFigures) -> int | None:
    """Coupons of users told 201 that were not confirmed in the end; None where that is not known."""
    if figures.confirmed is None or "issued" not in figures.outcomes:
        return None
    return max(figures.outcomes["issued"] - figures.confirmed, 0)


def _load_s(view: RunView) -> float | None:
    """Seconds from the begin to the last reply; without a timeline to the end of the load generator."""
    if view.timeline is not None and not view.timeline.empty:
        return float(view.timeline["second"].max()) + 1
    ended = view.run.timing.ended
    return None if ended is None else ended - view.run.timing.begun


def _stages(view: RunView) -> dict[str, float] | None:
    """Stage of the service → seconds that all requests spent in it."""
    if view.series is None or view.series.frame is None:
        return None
    found = shares(view.series.frame, view.series.begin, view.series.end)
    return None if found is None else dict(zip(found["stage"], found["seconds"], strict=True))


def _busy(view: RunView) -> dict[str, Busy]:
    """Process → how busy it was in the seconds of trouble, or in its busiest; of several workers the busiest one."""
    found: dict[str, Busy] = {}
    seconds, cores = _trouble(view), (view.run.environment.get("host") or {}).get("cores")
    load_s = _load_s(view) or 0.0
    for process, name in PROCESSORS.items():
        each = float(cores or 0) if process == "host" else 1.0
        lines, window_s = view.series.centred(name) if view.series and each else [], 2 * BEHIND_S[name]
        known = [one for _, rows in lines if (one := busy(rows, each, seconds, window_s=window_s, load_s=load_s))]
        if known:
            found[process] = max(known, key=lambda one: one.share)
    return found


def _trouble(view: RunView) -> list[int]:
    """The seconds whose p95 was over its limit, of a run that got into trouble."""
    limit = trouble.limit_of(view)
    if limit is None or view.timeline is None or trouble.onset_of(view) is None:
        return []
    return [int(second) for second in view.timeline[view.timeline["p95_ms"] > limit]["second"]]


def _collections(view: RunView) -> dict[str, float] | None:
    """Process → seconds of the load in which its garbage collector stopped it; None when no process told."""
    load_s = _load_s(view)
    if view.series is None or load_s is None:
        return None
    known = {process: _stopped_s(view.series, name, load_s) for process, name in COLLECTORS.items()}
    return {process: seconds for process, seconds in known.items() if seconds is not None} or None


def _stopped_s(series: RunSeries, name: str, load_s: float) -> float | None:
    """Seconds of the load, from a series in ms per second, between the samples of it evenly."""
    during = [rows[rows["second"].between(0, load_s)]["value"] for _, rows in series.centred(name)]
    means = [float(values.mean()) for values in during if values.notna().any()]
    return sum(means) * load_s / 1000 if means else None


def _spent(view: RunView, name: str) -> float | None:
    """Seconds in all, until everything had drained, from a series of them per second, between its samples evenly."""
    lines = view.series.lines(name) if view.series else []
    means = [float(rows["value"].mean()) for _, rows in lines if rows["value"].notna().any()]
    if view.series is None or not means:
        return None
    return sum(means) * (view.series.end - view.series.begin)


def _status(run: Run, invariant: str) -> Status:
    found = (check.status for check in (run.audit.invariants if run.audit else ()) if check.id == invariant)
    return next(found, Status.UNKNOWN)
