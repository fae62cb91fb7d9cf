"""Section 5 of the original report: what it took for the cause of its slow answers, held against a run."""

from __future__ import annotations

from rushlab.judge.guess_answers import MUCH, SATURATED, by_load, by_share, decided, left_open, run_both
from rushlab.judge.guess_facts import RunFacts, Runs
from rushlab.model.guess import Answer, Decision, Guess

#: Conventions: the broker's half keeps up when it is done this many seconds after the load, and within
#: this share of the time that the answers themselves took.
PROMPT_S, PROMPT_SHARE = 1.0, 0.5
#: Conventions: waiting explains a median this many times that of a lone user, and does not below.
QUEUED, ALONE = 10.0, 2.0


def fewer_requests(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """The first profile's requests against the second's."""
    other = runs.get(guess.profiles[1])
    if other is None or run.profile != guess.profiles[0]:
        return left_open(guess, f"that takes runs of both {' and '.join(guess.profiles)}", command=run_both(guess))
    told = f"{run.requests:,d} requests on {run.profile}, {other.requests:,d} on {other.profile}"
    decision = Decision.CONFIRMED if run.requests < other.requests else Decision.REFUTED
    return decided(guess, decision, told, run.requests / other.requests, "×", run, other)


def failures(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Failed requests (no answer and 5xx; k6 never retries)."""
    share = run.failed / run.requests if run.requests else 0.0
    told = f"{run.failed:,d} of {run.requests:,d} requests failed on {run.profile}"
    if run.failed == 0 and run.bound:
        told += f"; the {run.bound - run.requests:,d} that the schedule allows beyond them were never sent: "
        told += "users wait for an answer before they ask again"
    return by_share(guess, share, told, run)


def queueing(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """The median against that of a lone user (smoke)."""
    alone = runs.get("smoke")
    if run.profile != guess.profiles[0]:
        return left_open(guess, f"there is no usable run of {guess.profiles[0]}", command=run_both(guess))
    if alone is None or alone is run or not alone.median_ms or run.median_ms is None:
        return left_open(
            guess, "there is no run with a lone user to hold the median against", command="rushlab run smoke"
        )
    ratio = run.median_ms / alone.median_ms
    told = f"the median on {run.profile} is {run.median_ms:,.1f} ms, a lone user's {alone.median_ms:,.1f} ms"
    decision = Decision.CONFIRMED if ratio >= QUEUED else Decision.REFUTED if ratio < ALONE else Decision.OPEN
    return decided(guess, decision, f"{told}: the rest is waiting", ratio, "×", run, alone)


def broker_slows_replies(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Slow answers while the broker's half kept up refute it; the reply does not wait for the broker by design."""
    if run.troubled is False:
        return left_open(guess, f"{run.profile} has no slow answers to explain: p95 {run.p95_ms:,.0f} ms", run)
    if run.confirm_p95_ms is None or run.drain_s is None or run.p95_ms is None:
        return left_open(guess, f"how long {run.profile} took to confirm is not known", run)
    told = f"answers took {run.p95_ms:,.0f} ms (p95); confirmed {run.confirm_p95_ms:,.0f} ms later (p95)"
    told += f", all of them {run.drain_s:,.1f} s after the load"
    if prompt(run):
        return decided(
            guess, Decision.REFUTED, f"{told}: the broker kept up, answers were slow", run.confirm_p95_ms, "ms", run
        )
    return left_open(guess, f"{told}: both were slow, which of them slowed the other a run cannot say", run)


def consumption_lags(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Whether confirmations fell behind the answers."""
    if run.confirm_p95_ms is None or run.drain_s is None or run.p95_ms is None:
        return left_open(guess, f"how long {run.profile} took to confirm is not known", run)
    told = f"confirmed within {run.confirm_p95_ms:,.0f} ms of the answer (p95), the last {run.drain_s:,.1f} s after "
    told += f"the load on {run.profile}"
    behind = run.drain_s > PROMPT_S and run.confirm_p95_ms > run.p95_ms
    decision = Decision.CONFIRMED if behind else Decision.REFUTED if run.drain_s <= PROMPT_S else Decision.OPEN
    return decided(guess, decision, told, run.drain_s, "s", run)


def row_locks(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Seconds waited for row locks; without them, the time of the statements in which such waits happen."""
    if run.row_lock_s is not None and run.waited_s:
        told = f"statements waited {run.row_lock_s:,.1f} s for row locks, requests took {run.waited_s:,.0f} s in all"
        return by_share(guess, run.row_lock_s / run.waited_s, told, run)
    share = run.share_in("write")
    if share is None:
        return left_open(guess, f"the time that {run.profile} waited for row locks was not recorded", run)
    spent = f"{share * 100:.1f} % of the requests' time on {run.profile}"
    told = f"{spent} went to statements, in which row locks are waited for"
    decision = Decision.REFUTED if share < MUCH else Decision.OPEN
    return decided(guess, decision, told, share, "share", run)


def garbage_collection(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Seconds in which garbage collectors stopped a process, of the run's length: the longest of the processes."""
    if not run.gc_s or not run.elapsed_s:
        return left_open(
            guess, f"pauses of the garbage collectors were not recorded on {run.profile}", command=run_both(guess)
        )
    process, seconds = max(run.gc_s.items(), key=lambda pair: pair[1])
    told = f"the longest stopped was {process}: {seconds:,.2f} s of {run.elapsed_s:,.0f} s on {run.profile}"
    return by_share(guess, seconds / run.elapsed_s, told, run)


def resources(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """CPU of the whole machine, the load generator included."""
    share = run.busy("host", run.cores or 1)
    if share is None or run.cores is None:
        return left_open(guess, f"the processors' use was not recorded on {run.profile}", command=run_both(guess))
    return by_load(
        guess, share, f"{run.cores} cores were {share * 100:.1f} % busy on {run.profile}, load generator included", run
    )


def threads(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """CPU of the service's one thread, of one core."""
    share = run.busy("service", float(run.knobs.get("workers", 1)))
    if share is None:
        return left_open(guess, f"the service's CPU time was not recorded on {run.profile}", command=run_both(guess))
    return by_load(guess, share, f"the service's only thread was {share * 100:.1f} % busy on {run.profile}", run)


def saturation(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Whether more users brought more requests, as their schedules would allow."""
    other = runs.get(guess.profiles[1])
    if other is None or run.profile != guess.profiles[0] or not other.bound or not run.bound or not other.requests:
        return left_open(guess, f"that takes runs of both {' and '.join(guess.profiles)}", command=run_both(guess))
    got, allowed = run.requests / other.requests, run.bound / other.bound
    told = f"{got:.2f} times the requests of {other.profile} where the schedules allow {allowed:.2f} times"
    gained = (got - 1) / (allowed - 1) if allowed > 1 else 1.0
    decision = Decision.CONFIRMED if gained < 0.5 else Decision.REFUTED if gained > SATURATED else Decision.OPEN
    return decided(guess, decision, told, got, "×", run, other)


def pool(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """The time that requests waited for a connection."""
    return _stage(guess, run, "for a database connection", "pool")


def _stage(guess: Guess, run: RunFacts, what: str, *stages: str) -> Answer:
    share = run.share_in(*stages)
    if share is None:
        return left_open(guess, f"how long requests waited {what} was not recorded on {run.profile}", run)
    return by_share(
        guess, share, f"requests spent {share * 100:.1f} % of their time on {run.profile} waiting {what}", run
    )


def prompt(run: RunFacts) -> bool:
    if run.drain_s is None or run.confirm_p95_ms is None or run.p95_ms is None:
        return False
    return run.drain_s <= PROMPT_S and run.confirm_p95_ms <= PROMPT_SHARE * run.p95_ms
