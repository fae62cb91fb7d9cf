"""How an answer to a guess is made: decided by a share, by a load, or left open with what would settle it."""

from __future__ import annotations

import math

from rushlab.judge.guess_facts import RunFacts
from rushlab.model.guess import Answer, Decision, Guess

#: Conventions: shares of the requests' time (or of the run) from which a cause counts, and below which it does not.
MUCH, LITTLE = 0.10, 0.01
#: Conventions: a processor (or thread) is saturated from here, and has room below.
SATURATED, ROOM = 0.90, 0.70
#: Convention: a run with fewer requests makes a ratio rough.
FEW = 100

#: What settles guesses that no plan does, by rule: poisonous messages in batches; a lock's holder stopped for longer
#: than the lock lives (3 s unless the run says otherwise).
COMMANDS: dict[str, str] = {
    "failures_one_by_one": "rushlab run load --variant report --set consumer_mode=batch --fault poison@5",
    "watchdog": "rushlab run load --variant report --fault pause:service@30+5",
}


def decided(guess: Guess, decision: Decision, told: str, value: float | None, unit: str, *runs: RunFacts) -> Answer:
    """An answer with its figure; one that is neither says so and keeps the way to settle it."""
    if decision is Decision.OPEN:
        return left_open(
            guess, f"{told}: too little to confirm it, too much to refute it", *runs, value=value, unit=unit
        )
    ids = tuple(run.run for run in runs)
    return Answer(guess=guess, decision=decision, reason=told, value=value, unit=unit, runs=ids)


def left_open(
    guess: Guess, why: str, *runs: RunFacts, value: float | None = None, unit: str = "", command: str | None = None
) -> Answer:
    """An open answer: what is missing, and the command that would settle it."""
    ids, settling = tuple(run.run for run in runs), command or settles(guess)
    return Answer(guess=guess, decision=Decision.OPEN, reason=why, value=value, unit=unit, runs=ids, command=settling)


def settles(guess: Guess) -> str:
    """The command that would settle a guess: its plan, its fault, or more runs of what one run left in between.

    Arrivals (`--model open`) would not: beyond what the service bears k6 drops them, and the run is INVALID.
    """
    if guess.plan:
        return f"rushlab tune plans/{guess.plan}.yaml"
    again = f"rushlab report --variants report --profiles {','.join(guess.profiles)} --scale full --repeat 5"
    return COMMANDS.get(guess.rule, again)


def by_share(guess: Guess, share: float, told: str, run: RunFacts) -> Answer:
    """Confirmed from `MUCH` on, refuted below `LITTLE`."""
    decision = Decision.CONFIRMED if share >= MUCH else Decision.REFUTED if share < LITTLE else Decision.OPEN
    return decided(guess, decision, told, share, "share", run)


def by_load(guess: Guess, share: float, told: str, run: RunFacts) -> Answer:
    """Confirmed from `SATURATED` on, refuted below `ROOM`."""
    decision = Decision.CONFIRMED if share >= SATURATED else Decision.REFUTED if share < ROOM else Decision.OPEN
    return decided(guess, decision, told, share, "share", run)


def run_both(guess: Guess) -> str:
    """The command that makes the runs a guess is about."""
    return f"rushlab report --profiles {','.join(guess.profiles)}"


def few(*runs: RunFacts) -> str:
    """Which of the runs behind a ratio have too few requests for more than a rough one; nothing when none has."""
    return "".join(f"; {run.profile} has {run.requests:,d} requests only" for run in runs if run.requests < FEW)


def significant(value: float) -> str:
    """Three significant digits at most: what runs that were made once can bear."""
    rounded = float(f"{value:.3g}")
    places = 2 - math.floor(math.log10(abs(rounded))) if rounded else 0
    return f"{rounded:,.{max(places, 0)}f}"
