"""Section 6 of the original report: whether a measure has anything to gain on a run."""

from __future__ import annotations

from rushlab.judge.guess_answers import LITTLE, LOCK_TTL_S, decided, left_open, stop_holder
from rushlab.judge.guess_causes import consumption_lags, spent
from rushlab.judge.guess_facts import RunFacts, Runs
from rushlab.model.guess import Answer, Decision, Guess
from rushlab.model.verdict import Status

#: An invariant that decides a measure, and how.
DECISIONS = {Status.PASS: Decision.CONFIRMED, Status.FAIL: Decision.REFUTED}


def relieve_pool(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """More connections can gain no more than what is waited for them."""
    return _relieve(guess, run, "waiting for a database connection", "pool")


def relieve_lock(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """A smaller or no lock can gain no more than what is waited for it."""
    if run.knobs.get("reservation") not in (None, "redis-lock"):
        return left_open(guess, f"variant {run.variant} has no lock ({run.knobs['reservation']})", run)
    return _relieve(guess, run, "waiting for the Redis lock", "lock")


def relieve_database(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Less work per transaction can gain no more than statements and commits take, and the wait behind them."""
    return _relieve(guess, run, "in transactions and behind them", "lock", "pool", "group", "write", "commit")


def relieve_consumption(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Where consumption keeps up there is nothing to gain."""
    found = consumption_lags(guess, run, runs)
    if found.decision is Decision.REFUTED:
        return decided(guess, Decision.REFUTED, f"nothing to gain here: {found.reason}", found.value, found.unit, run)
    if found.value is None:
        return left_open(guess, found.reason, run)
    return left_open(guess, f"there is something to gain: {found.reason}", run, value=found.value, unit=found.unit)


def failures_one_by_one(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Invariant I11 of a run with poisonous messages that consumed in batches; one that failed outweighs the others."""
    poisoned = [one for one in runs.values() if one.set_aside in DECISIONS]
    run = min(poisoned, key=lambda one: (_mode(one) != "batch", one.set_aside is Status.PASS), default=run)
    mode = _mode(run)
    told = f"messages that cannot be applied, set aside while those behind them move on (I11): {run.set_aside}"
    told += f" on {run.profile}, consumed in mode {mode}"
    if run.set_aside not in DECISIONS:
        return left_open(guess, f"{told}; no poisonous message came" if run.set_aside is Status.NA else told, run)
    if mode != "batch":
        return left_open(guess, f"{told}, which says nothing of batches", run)
    return decided(guess, DECISIONS[run.set_aside], told, None, "", run)


def _alone(run: RunFacts) -> bool:
    """Whether the service was one process, whose requests wait for each other before they ask for the lock."""
    return run.knobs.get("workers") == 1


def _mode(run: RunFacts) -> str:
    return str(run.knobs.get("consumer_mode", "unknown"))


def watchdog(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Invariant I14: a short time to live does no harm when the sale stays right after it ran out under a holder."""
    stops = [one for one in runs.values() if one.holder_stopped in DECISIONS and not _alone(one)]
    run = min(stops, key=lambda one: one.holder_stopped is Status.PASS, default=run)
    if run.knobs.get("reservation", "redis-lock") != "redis-lock":
        return left_open(guess, f"variant {run.variant} has no lock ({run.knobs['reservation']})", run)
    ttl, stopped = float(run.knobs.get("lock_ttl", LOCK_TTL_S)), run.stopped_s
    told = f"no holder of the lock was stopped on {run.profile}, so its {ttl:g} s never ran out under one"
    if stopped is not None:
        told = f"the service was stopped for {stopped:.1f} s, {'longer than' if stopped > ttl else 'within'} the "
        told += f"lock's {ttl:g} s, on {run.profile}"
        told += ", where no other process could have taken it" if _alone(run) else ""
    if stopped is None or stopped <= ttl or _alone(run) or run.holder_stopped not in DECISIONS:
        return left_open(guess, told, run, command=stop_holder(run.scale, ttl))
    harm = "no harm" if run.holder_stopped is Status.PASS else "harm"
    told += f"; that the sale stays right (I14): {run.holder_stopped}. So short a time to live did {harm}"
    return decided(guess, DECISIONS[run.holder_stopped], told, ttl, "s", run)


def _relieve(guess: Guess, run: RunFacts, what: str, *stages: str) -> Answer:
    share = run.share_in(*stages)
    if share is None:
        return left_open(guess, f"how long requests were {what} was not recorded on {run.profile}", run)
    told = spent(run, share, what)
    if share < LITTLE:
        return decided(guess, Decision.REFUTED, f"nothing to gain here: {told}", share, "share", run)
    return left_open(guess, f"{told}: at most so much could be gained", run, value=share, unit="share")
