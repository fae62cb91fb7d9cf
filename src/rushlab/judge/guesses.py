"""Guess → verdict: the original report's guesses and measures, decided from runs. Pure: facts in, answers out.

A guess is about the design that the original describes, so the runs are those of one variant. A share of at
least `MUCH` of what it explains confirms a cause, one below `LITTLE` refutes it; between the two, or without
the evidence, an answer is open and names the experiment that would settle it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rushlab.judge import guess_causes, guess_measures
from rushlab.judge.guess_answers import left_open, run_both, settles, significant
from rushlab.judge.guess_facts import RunFacts, Runs, Trial
from rushlab.model.guess import Answer, Decision, Guess

Rule = Callable[[Guess, RunFacts, Runs], Answer]


def answer(guess: Guess, runs: Runs, trials: Iterable[Trial] = (), scale: float = 1.0) -> Answer:
    """The answer to one guess or measure from the runs of one variant (profile → facts) and from experiments.

    `scale` is that of the runs: those that are missing are to be made at it.

    Experiments that changed only the measure's own knobs, its way, decide before any run, unless none can tell.
    """
    carried_out = tuple(trials)
    tried = from_trials(guess, carried_out)
    if tried is not None and telling(guess, carried_out):
        return tried
    deciding = next((runs[name] for name in guess.profiles if name in runs), None)
    if deciding is not None:
        return RULES[guess.rule](guess, deciding, runs)
    return tried or left_open(
        guess, f"there is no usable run of {' or '.join(guess.profiles)}", command=run_both(guess, scale)
    )


def from_trials(guess: Guess, trials: Iterable[Trial]) -> Answer | None:
    """What experiments say of a measure; None when none carried it out.

    It is confirmed by one that is better and none that is worse, refuted when all are worse or equivalent; else it
    stays open. What can tell decides (`telling`); the others are told beside it.
    """
    carried_out = [trial for trial in trials if guess.carried_out_by(trial.changes)]
    if not carried_out:
        return None
    deciding = telling(guess, carried_out)
    decision = _decision({trial.verdict for trial in deciding})
    first = next((one for one in deciding if VERDICTS.get(one.verdict) is decision), (*deciding, *carried_out)[0])
    told = _in_order(first, deciding, carried_out)
    return Answer(
        guess=guess,
        decision=decision,
        reason="experiments: " + "; ".join(map(_told, told)),
        value=first.ratio,
        unit="×",
        runs=tuple(dict.fromkeys(trial.experiment for trial in told)),
        command=settles(guess) if decision is Decision.OPEN else None,
    )


def telling(guess: Guess, trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Those of the trials that decide a measure; none when no one can tell.

    Where no effect was expected, none refutes the measure there only: such a trap decides where nothing else was tried,
    and not by being undecided. What may have met the load in both arms says nothing.
    """
    carried_out = [trial for trial in trials if guess.carried_out_by(trial.changes)]
    others = [trial for trial in carried_out if not trial.trap]
    if others:
        return tuple(trial for trial in others if not trial.says_nothing)
    found = tuple(trial for trial in carried_out if not trial.says_nothing)
    return found if any(trial.verdict != "inconclusive" for trial in found) else ()


VERDICTS = {"better": Decision.CONFIRMED, "worse": Decision.REFUTED, "equivalent": Decision.REFUTED}


def _decision(verdicts: set[str]) -> Decision:
    if "better" in verdicts and "worse" not in verdicts:
        return Decision.CONFIRMED
    return Decision.REFUTED if verdicts and verdicts <= {"worse", "equivalent"} else Decision.OPEN


def _in_order(first: Trial, deciding: Sequence[Trial], every: Sequence[Trial]) -> list[Trial]:
    """What gave the verdict, what else decided, and the rest."""
    others = [trial for trial in deciding if trial is not first]
    return [first, *others, *(trial for trial in every if trial not in deciding and trial is not first)]


def _told(trial: Trial) -> str:
    changed = ", ".join(f"{knob} {before} → {after}" for knob, (before, after) in trial.changes.items())
    trap = ", where no effect was expected" if trial.trap else ""
    nothing = ", which says nothing: both may have met the load" if trial.says_nothing else ""
    return f"{changed} ({trial.arm!r} against {trial.against!r}): {trial.verdict}{trap}{nothing}, {_figure(trial)}"


def _figure(trial: Trial) -> str:
    """The ratio with its interval; where it is undecided, the comparison's reason instead, which has the interval."""
    ratio = f"{trial.metric} × {significant(trial.ratio)}"
    if trial.verdict == "inconclusive" and trial.reason:
        return f"{ratio}: {trial.reason}"
    low, high = map(significant, trial.interval)
    return f"{ratio} (95 %: {low} to {high})"


RULES: dict[str, Rule] = {
    "fewer_requests": guess_causes.fewer_requests,
    "failures": guess_causes.failures,
    "queueing": guess_causes.queueing,
    "broker_slows_replies": guess_causes.broker_slows_replies,
    "consumption_lags": guess_causes.consumption_lags,
    "row_locks": guess_causes.row_locks,
    "garbage_collection": guess_causes.garbage_collection,
    "resources": guess_causes.resources,
    "threads": guess_causes.threads,
    "saturation": guess_causes.saturation,
    "pool": guess_causes.pool,
    "relieve_pool": guess_measures.relieve_pool,
    "relieve_lock": guess_measures.relieve_lock,
    "relieve_database": guess_measures.relieve_database,
    "relieve_consumption": guess_measures.relieve_consumption,
    "failures_one_by_one": guess_measures.failures_one_by_one,
    "watchdog": guess_measures.watchdog,
}
