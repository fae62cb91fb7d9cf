"""Section 5 of the original report: what it took for the cause of its slow answers, held against a run."""

from __future__ import annotations

from msgspec.structs import replace

from rushlab.judge.guess_answers import (
    MUCH,
    by_load,
    by_share,
    decided,
    few,
    left_open,
    run_both,
    significant,
)
from rushlab.judge.guess_facts import RunFacts, Runs
from rushlab.model.guess import Answer, Decision, Guess

#: Conventions: the broker's half keeps up when it is done this many seconds after the load (which falls towards its
#: end, so that a backlog may be gone by then) and 95 of 100 coupons are confirmed within so many milliseconds; it
#: slowed no answers when these are within this share of the time that the answers themselves took.
PROMPT_S, PROMPT_MS, PROMPT_SHARE = 1.0, 1000.0, 0.5
#: Conventions: waiting explains a median this many times that of a lone user, and does not below.
QUEUED, ALONE = 10.0, 2.0
#: Conventions: a run that did less than this share of what its schedule allows is saturated; more load that gains less
#: than this share of what it could has found the limit.
HELD, GAINED = 0.90, 0.5


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
        return left_open(guess, "there is no run with a lone user to hold the median against", command=run_both(guess))
    ratio = run.median_ms / alone.median_ms
    told = f"the median on {run.profile} is {run.median_ms:,.1f} ms, a lone user's {alone.median_ms:,.1f} ms"
    decision = Decision.CONFIRMED if ratio >= QUEUED else Decision.REFUTED if ratio < ALONE else Decision.OPEN
    return decided(guess, decision, f"{told}: the rest is waiting{few(run, alone)}", ratio, "×", run, alone)


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
    behind = run.confirm_p95_ms > run.p95_ms and (run.drain_s > PROMPT_S or run.confirm_p95_ms > PROMPT_MS)
    decision = Decision.CONFIRMED if behind else Decision.REFUTED if _soon(run) else Decision.OPEN
    return decided(guess, decision, told, run.confirm_p95_ms, "ms", run)


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
    told = f"the longest stopped was {process}: {significant(seconds)} s of {significant(run.elapsed_s)} s "
    told += f"on {run.profile}"
    return by_share(guess, seconds / run.elapsed_s, told, run)


def resources(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """CPU of the whole machine, the load generator included, when it mattered; what one load leaves open another may
    decide."""
    found = [_machine(guess, runs[name]) for name in guess.profiles if name in runs]
    first = next((one for one in found if one.decision is not Decision.OPEN), found[0])
    missing = next((name for name in guess.profiles if name not in runs), None)
    if first.decision is not Decision.OPEN or missing is None:
        return first
    return replace(first, command=f"rushlab run {missing} --variant report")


def _machine(guess: Guess, run: RunFacts) -> Answer:
    found = run.busiest("host", run.cores or 1)
    if found is None or run.cores is None:
        return left_open(guess, f"the processors' use was not recorded on {run.profile}", command=run_both(guess))
    told = (
        f"{run.cores} cores were {found.share * 100:.1f} % busy {found.when} on {run.profile}, load generator included"
    )
    return by_load(guess, found.share, told, run)


def threads(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """CPU of the one thread of a worker of the service, of one core, when it mattered."""
    found = run.busiest("service", float(run.knobs.get("workers", 1)))
    if found is None:
        return left_open(guess, f"the service's CPU time was not recorded on {run.profile}", command=run_both(guess))
    told = "the service has no pool of threads: one thread serves all requests of a worker; "
    told += f"it was {found.share * 100:.1f} % busy {found.when} on {run.profile}"
    return by_load(guess, found.share, told, run)


def saturation(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Whether more users brought more requests, as their schedules would allow; the milder run must have held."""
    other = runs.get(guess.profiles[1])
    if other is None or run.profile != guess.profiles[0] or not other.bound or not run.bound or not other.requests:
        return left_open(guess, f"that takes runs of both {' and '.join(guess.profiles)}", command=run_both(guess))
    milder = other.requests / other.bound
    told = f"{other.profile} did {milder * 100:.1f} % of what its schedule allows{_p95(other)}, {run.profile} "
    told += f"{run.requests / run.bound * 100:.1f} %{_p95(run)}{few(other, run)}"
    if other.troubled or milder < HELD:
        why = f"saturated on {other.profile} already: {told}"
        return decided(guess, Decision.REFUTED, why, milder, "share", run, other)
    got, allowed = run.requests / other.requests, run.bound / other.bound
    told += f"; {got:.2f} times the requests where the schedules allow {allowed:.2f} times"
    gained = (got - 1) / (allowed - 1) if allowed > 1 else 1.0
    decision = Decision.CONFIRMED if gained < GAINED else Decision.REFUTED if gained > HELD else Decision.OPEN
    return decided(guess, decision, told, got, "×", run, other)


def _p95(run: RunFacts) -> str:
    return "" if run.p95_ms is None else f" (p95 {run.p95_ms:,.0f} ms)"


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
    """Whether the broker's half kept up, and so far below the answers that it cannot have slowed them."""
    if run.confirm_p95_ms is None or run.p95_ms is None:
        return False
    return _soon(run) and run.confirm_p95_ms <= PROMPT_SHARE * run.p95_ms


def _soon(run: RunFacts) -> bool:
    if run.drain_s is None or run.confirm_p95_ms is None:
        return False
    return run.drain_s <= PROMPT_S and run.confirm_p95_ms <= PROMPT_MS
