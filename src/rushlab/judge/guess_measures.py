"""Section 6 of the original report: whether a measure has anything to gain on a run."""

from __future__ import annotations

from rushlab.judge.guess_answers import LITTLE, decided, left_open
from rushlab.judge.guess_causes import consumption_lags
from rushlab.judge.guess_facts import RunFacts, Runs
from rushlab.model.guess import Answer, Decision, Guess
from rushlab.model.verdict import Status


def relieve_pool(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """More connections can gain no more than what is waited for them."""
    return _relieve(guess, run, "for a database connection", "pool")


def relieve_lock(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """A smaller or no lock can gain no more than what is waited for it."""
    if run.knobs.get("reservation") not in (None, "redis-lock"):
        return left_open(guess, f"variant {run.variant} has no lock ({run.knobs['reservation']})", run)
    return _relieve(guess, run, "for the Redis lock", "lock")


def relieve_database(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Less work per transaction can gain no more than statements and commits take, and the wait behind them."""
    return _relieve(guess, run, "in transactions and behind them", "lock", "pool", "group", "write", "commit")


def relieve_consumption(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Where consumption keeps up there is nothing to gain."""
    found = consumption_lags(guess, run, runs)
    if found.decision is Decision.REFUTED:
        return decided(guess, Decision.REFUTED, f"nothing to gain here: {found.reason}", found.value, found.unit, run)
    return left_open(guess, f"there is something to gain: {found.reason}", run, value=found.value, unit=found.unit)


def failures_one_by_one(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Invariant I11 of a run with poisonous messages."""
    decisions = {Status.PASS: Decision.CONFIRMED, Status.FAIL: Decision.REFUTED}
    told = f"messages that cannot be applied, set aside while those behind them move on (I11): {run.set_aside}"
    if run.set_aside not in decisions:
        return left_open(guess, f"{told} on {run.profile}: it had no poisonous message")
    return decided(guess, decisions[run.set_aside], told, None, "", run)


def watchdog(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """A time to live matters only when a lock's holder dies: unless one did, a run says nothing."""
    ttl, prolonged = run.knobs.get("lock_ttl"), run.knobs.get("lock_watchdog")
    told = f"no lock holder was stopped on {run.profile}, so its time to live of {ttl} s "
    told += "(prolonged while its holder works) never ran out" if prolonged else "was never waited for"
    return left_open(guess, told, run, command="rushlab run load --variant report --set lock_ttl=30")


def _relieve(guess: Guess, run: RunFacts, what: str, *stages: str) -> Answer:
    share = run.share_in(*stages)
    if share is None:
        return left_open(guess, f"how long requests waited {what} was not recorded on {run.profile}", run)
    told = f"requests spent {share * 100:.1f} % of their time on {run.profile} {what}"
    if share < LITTLE:
        return decided(guess, Decision.REFUTED, f"nothing to gain here: {told}", share, "share", run)
    return left_open(guess, f"{told}: so much could be gained", run, value=share, unit="share")
