"""Guess → verdict: what the runs of a study say of the original report's guesses and measures."""

from __future__ import annotations

from collections.abc import Iterable

from rushlab.judge.guess_busy import Busy, busy
from rushlab.judge.guess_facts import RunFacts, Runs, Trial
from rushlab.judge.guesses import answer, telling
from rushlab.judge.inside import shares
from rushlab.model.guess import Answer
from rushlab.model.results import RunFigures
from rushlab.model.run import Run
from rushlab.model.verdict import Status, Validity
from rushlab.show import trouble
from rushlab.show.claims import usable
from rushlab.show.views import RunView, Study

#: The variant that is the design which the original describes.
ORIGINAL_DESIGN = "report"

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
    """One answer per guess and measure, in the original's order, from the usable runs of its design."""
    audited = _audited(study, variant_of(study))
    runs = {view.run.profile.name: audited[view.run.profile.name] for view, _ in usable(study, variant_of(study))}
    tried = (*trials, *study.trials)
    return tuple(answer(guess, audited if guess.rule in AUDITED else runs, tried) for guess in study.reference.guesses)


def told_from(study: Study, trials: Iterable[Trial] = ()) -> dict[str, str]:
    """The experiments that decide measures, each with its load in words."""
    tried = (*trials, *study.trials)
    return {trial.experiment: trial.load for guess in study.reference.guesses for trial in telling(guess, tried)}


def _audited(study: Study, variant: str) -> Runs:
    """Profile → what is known of the variant's run of it that is not INVALID, whether or not it failed its audit."""
    views = (study.view(variant, profile) for profile in study.profiles)
    found = (view for view in views if view and view.validity is not Validity.INVALID)
    return {view.run.profile.name: facts_of(view, view.figures) for view in found if view.figures}


def facts_of(view: RunView, figures: RunFigures) -> RunFacts:
    """What is known of a run when a guess is decided from it."""
    run = view.run
    return RunFacts(
        run=run.id,
        profile=run.profile.name,
        variant=run.variant,
        requests=figures.requests,
        failed=figures.failed,
        mean_ms=figures.mean_ms,
        median_ms=figures.median_ms,
        p95_ms=figures.p95_ms,
        limit_ms=trouble.limit_of(view),
        bound=figures.bound,
        confirm_p95_ms=figures.confirm_ms.get("p95"),
        drain_s=figures.drain_s,
        elapsed_s=run.load.elapsed_s,
        cores=(run.environment.get("host") or {}).get("cores"),
        knobs=run.knobs,
        cpu_s=run.cpu_s,
        stage_s=_stages(view),
        gc_s=_collections(view),
        row_lock_s=_spent(view, ROW_LOCKS, 1.0),
        busy_when=_busy(view),
        faults=run.faults,
        set_aside=_status(run, "I11"),
        holder_stopped=_status(run, "I14"),
    )


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
    for process, name in PROCESSORS.items():
        each = float(cores or 0) if process == "host" else 1.0
        lines = view.series.centred(name) if view.series and each else []
        known = [one for _, rows in lines if (one := busy(rows, each, seconds))]
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
    """Process → seconds in which its garbage collector stopped it; None when no process told."""
    spent = {process: _spent(view, name, 1000.0) for process, name in COLLECTORS.items()}
    return {process: seconds for process, seconds in spent.items() if seconds is not None} or None


def _spent(view: RunView, name: str, per_second: float) -> float | None:
    """Seconds in all, from a series of them per second (in units of 1 / `per_second` s), between its samples evenly."""
    lines = view.series.lines(name) if view.series else []
    means = [float(rows["value"].mean()) for _, rows in lines if rows["value"].notna().any()]
    if view.series is None or not means:
        return None
    return sum(means) * (view.series.end - view.series.begin) / per_second


def _status(run: Run, invariant: str) -> Status:
    found = (check.status for check in (run.audit.invariants if run.audit else ()) if check.id == invariant)
    return next(found, Status.UNKNOWN)
