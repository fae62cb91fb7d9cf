"""How an answer to a guess is made: decided by a share, by a load, or left open with what would settle it."""

from __future__ import annotations

import math

from rushlab.judge.guess_busy import Busy
from rushlab.judge.guess_facts import RunFacts
from rushlab.model.guess import Answer, Decision, Guess
from rushlab.model.profile import scale_name

#: Conventions: shares of the requests' time (or of the run) from which a cause counts, and below which it does not.
MUCH, LITTLE = 0.10, 0.01
#: Conventions: a processor (or thread) is saturated from here, and has room below.
SATURATED, ROOM = 0.90, 0.70
#: Convention: a run with fewer requests makes a ratio rough.
FEW = 100

#: The lock's time to live in seconds where a run does not tell it (knobs.json).
LOCK_TTL_S = 3.0
#: Seconds until `load` has all its users, at full scale; and until poison is sent at the latest.
RAMPED_S, POISONED_S = 30.0, 5.0


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
    ids = tuple(run.run for run in runs)
    settling = command or settles(guess, *(run.scale for run in runs[:1]))
    return Answer(guess=guess, decision=Decision.OPEN, reason=why, value=value, unit=unit, runs=ids, command=settling)


def settles(guess: Guess, scale: float = 1.0) -> str:
    """The command that would settle a guess: its plan, its fault, or more runs of what one run left in between.

    A run that is to stand beside those of `scale` is made at that scale. Arrivals (`--model open`) would not settle
    it: beyond what the service bears k6 drops them, and the run is INVALID.
    """
    if guess.plan:
        return f"rushlab tune plans/{guess.plan}.yaml"
    if guess.rule == "failures_one_by_one":
        return poison_batches(scale)
    if guess.rule == "watchdog":
        return stop_holder(scale)
    return f"rushlab report --variants report --profiles {','.join(guess.profiles)} --scale full --repeat 5"


def poison_batches(scale: float) -> str:
    """The command that sends messages which cannot be applied to consumers of batches, early in the load."""
    poison = f"poison@{min(POISONED_S, RAMPED_S * scale):g}"
    return f"rushlab run load --variant report --scale {scale_name(scale)} --set consumer_mode=batch --fault {poison}"


def stop_holder(scale: float, ttl_s: float = LOCK_TTL_S) -> str:
    """The command that stops a holder of the lock for longer than the lock lives, once all users are there.

    There are two processes of the service: only another one could take the lock.
    """
    stop = f"pause:service@{RAMPED_S * scale:g}+{math.ceil(ttl_s) + 2}"
    return f"rushlab run load --variant report --scale {scale_name(scale)} --set workers=2 --fault {stop}"


def by_share(guess: Guess, share: float, told: str, run: RunFacts) -> Answer:
    """Confirmed from `MUCH` on, refuted below `LITTLE`."""
    decision = Decision.CONFIRMED if share >= MUCH else Decision.REFUTED if share < LITTLE else Decision.OPEN
    return decided(guess, decision, told, share, "share", run)


def by_load(guess: Guess, found: Busy, told: str, run: RunFacts) -> Answer:
    """Confirmed from `SATURATED` on, refuted below `ROOM`; a mean over the whole run refutes nothing."""
    share = found.share
    if found.mean and share < SATURATED:
        return left_open(guess, f"{told}: that hides how busy it was at its height", run, value=share, unit="share")
    decision = Decision.CONFIRMED if share >= SATURATED else Decision.REFUTED if share < ROOM else Decision.OPEN
    return decided(guess, decision, told, share, "share", run)


def not_held(guess: Guess, *runs: RunFacts) -> Answer | None:
    """The open answer where one of the runs may be held against no other; None where all may be."""
    for run in runs:
        if run.doubt is not None:
            why = f"{run.profile} is held against no other run: {run.doubt.rstrip('.')}"
            return left_open(guess, why, *runs, command=run_both(guess, run.scale))
    return None


def run_both(guess: Guess, scale: float) -> str:
    """The command that makes the runs a guess is about."""
    return f"rushlab report --profiles {','.join(guess.profiles)} --scale {scale_name(scale)}"


def few(*runs: RunFacts) -> str:
    """Which of the runs behind a ratio have too few requests for more than a rough one; nothing when none has."""
    return "".join(f"; {run.profile} has {run.requests:,d} requests only" for run in runs if run.requests < FEW)


def significant(value: float, digits: int = 3) -> str:
    """Three significant digits at most: what runs that were made once can bear."""
    rounded = float(f"{value:.{digits}g}")
    places = digits - 1 - math.floor(math.log10(abs(rounded))) if rounded else 0
    return f"{rounded:,.{max(places, 0)}f}"
