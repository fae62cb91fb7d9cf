"""Guess → verdict: the original report's guesses and measures, decided from runs. Pure: facts in, answers out.

A guess is about the design that the original describes, so the runs are those of one variant. A share of at
least `MUCH` of what it explains confirms a cause, one below `LITTLE` refutes it; between the two, or without
the evidence, an answer is open and names the experiment that would settle it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rushlab.judge import guess_causes, guess_measures
from rushlab.judge.guess_answers import left_open, run_both
from rushlab.judge.guess_facts import RunFacts, Runs, Trial
from rushlab.model.guess import Answer, Decision, Guess

Rule = Callable[[Guess, RunFacts, Runs], Answer]


def answer(guess: Guess, runs: Runs, trials: Iterable[Trial] = ()) -> Answer:
    """The answer to one guess or measure from the runs of one variant (profile → facts) and from experiments.

    Experiments that changed only the measure's own knobs, its way, decide before any run.
    """
    tried = from_trials(guess, trials)
    if tried is not None:
        return tried
    deciding = next((runs[name] for name in guess.profiles if name in runs), None)
    if deciding is None:
        return left_open(guess, f"there is no usable run of {' or '.join(guess.profiles)}", command=run_both(guess))
    return RULES[guess.rule](guess, deciding, runs)


def from_trials(guess: Guess, trials: Iterable[Trial]) -> Answer | None:
    """What experiments say of a measure; None when none carried it out.

    Where no effect was expected, none refutes the measure there only: other trials decide before. It is confirmed by
    one that is better and none that is worse, refuted when all are worse or equivalent; else it stays open.
    """
    carried_out = [trial for trial in trials if guess.carried_out_by(trial.changes)]
    traps = [trial for trial in carried_out if trial.trap]
    deciding = [trial for trial in carried_out if not trial.trap] or traps
    if not deciding:
        return None
    decision = _decision({trial.verdict for trial in deciding})
    first = next((trial for trial in deciding if VERDICTS.get(trial.verdict) is decision), deciding[0])
    told = [first, *(trial for trial in deciding if trial is not first), *(one for one in traps if one not in deciding)]
    return Answer(
        guess=guess,
        decision=decision,
        reason="experiments: " + "; ".join(map(_told, told)),
        value=first.ratio,
        unit="×",
        runs=tuple(dict.fromkeys(trial.experiment for trial in told)),
    )


VERDICTS = {"better": Decision.CONFIRMED, "worse": Decision.REFUTED, "equivalent": Decision.REFUTED}


def _decision(verdicts: set[str]) -> Decision:
    if "better" in verdicts and "worse" not in verdicts:
        return Decision.CONFIRMED
    return Decision.REFUTED if verdicts <= {"worse", "equivalent"} else Decision.OPEN


def _told(trial: Trial) -> str:
    low, high = trial.interval
    figure = f"{trial.metric} × {trial.ratio:.2f} (95 %: {low:.2f} to {high:.2f})"
    trap = ", where no effect was expected" if trial.trap else ""
    return f"{trial.arm!r} against {trial.against!r} {trial.verdict}{trap}, {figure}"


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
