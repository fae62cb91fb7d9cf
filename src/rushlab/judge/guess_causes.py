"""Section 5 of the original report: what it took for the cause of its slow answers, held against a run."""

from __future__ import annotations

from msgspec.structs import replace

from rushlab.judge.guess_answers import (
    LITTLE,
    MUCH,
    by_load,
    by_share,
    decided,
    few,
    left_open,
    not_held,
    run_both,
    significant,
)
from rushlab.judge.guess_facts import RunFacts, Runs
from rushlab.model.guess import Answer, Decision, Guess
from rushlab.model.percent import percent
from rushlab.model.profile import scale_name

#: Conventions: the broker's half keeps up when it is done this many seconds after the load (which falls towards its
#: end, so that a backlog may be gone by then) and 95 of 100 coupons are confirmed within so many milliseconds; it
#: slowed no answers when these are within this share of the time that the answers themselves took.
PROMPT_S, PROMPT_MS, PROMPT_SHARE = 1.0, 1000.0, 0.5
#: Conventions: waiting explains a median this many times that of a lone user, and does not below.
QUEUED, ALONE = 10.0, 2.0
#: Conventions: a run that did less than this share of what its schedule allows is saturated; more load that gains less
#: than this share of what it could has found the limit.
HELD, GAINED = 0.90, 0.5
#: What one of several loads says that says most: it confirms alone, it leaves open alone, it refutes with all others.
MOST = (Decision.CONFIRMED, Decision.OPEN, Decision.REFUTED)

BOTH_SLOW = "both were slow, which of them slowed the other a run cannot say"
NO_SAMPLE = "is not known: no sample tells of it alone"


def fewer_requests(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """The requests answered on the first profile against those on the second."""
    other = runs.get(guess.profiles[1])
    if other is None or not other.answered or run.profile != guess.profiles[0]:
        return _both_missing(guess, run)
    if (doubtful := not_held(guess, run, other)) is not None:
        return doubtful
    told = f"{run.answered:,d} requests answered on {run.profile}, {other.answered:,d} on {other.profile}"
    decision = Decision.CONFIRMED if run.answered < other.answered else Decision.REFUTED
    return decided(guess, decision, told, run.answered / other.answered, "×", run, other)


def _both_missing(guess: Guess, run: RunFacts) -> Answer:
    why = f"that takes runs of both {' and '.join(guess.profiles)}"
    return left_open(guess, why, command=run_both(guess, run.scale))


def failures(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Failed requests (no answer and 5xx; k6 never retries); a guess at why there were fewer takes that there were."""
    if run.profile != guess.profiles[0]:
        return left_open(guess, f"there is no usable run of {guess.profiles[0]}", command=run_both(guess, run.scale))
    told, share = f"{run.failed:,d} of {run.requests:,d} requests failed on {run.profile}", _failed(run)
    unsent = (run.bound or 0) - run.requests
    if run.failed == 0 and unsent > 0:
        told += f"; the {unsent:,d} that the schedule allows beyond them were never sent: "
        told += "users wait for an answer before they ask again"
    if not_fewer := _not_fewer(guess, run, runs):
        told = f"{not_fewer}; and {told}"
    if run.requests < 1 / LITTLE or (not_fewer and share >= LITTLE):
        return left_open(guess, f"{told}{few(run)}", run, value=share, unit="share")
    return by_share(guess, share, f"{told}{few(run)}", run)


def _failed(run: RunFacts) -> float:
    return run.failed / run.requests if run.requests else 0.0


def _not_fewer(guess: Guess, run: RunFacts, runs: Runs) -> str:
    """That no fewer requests were answered than on the guess's second profile; empty where that cannot be said."""
    other = runs.get(guess.profiles[1]) if len(guess.profiles) > 1 else None
    if other is None or run.doubt or other.doubt or run.answered < other.answered:
        return ""
    return f"there were not fewer here ({run.answered:,d} answered against {other.answered:,d} on {other.profile})"


def queueing(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """The median against that of a lone user (smoke)."""
    alone = runs.get("smoke")
    both = run_both(guess, run.scale)
    if run.profile != guess.profiles[0]:
        return left_open(guess, f"there is no usable run of {guess.profiles[0]}", command=both)
    if alone is None or alone is run or not alone.median_ms or run.median_ms is None:
        return left_open(guess, "there is no run with a lone user to hold the median against", command=both)
    if (doubtful := not_held(guess, run, alone)) is not None:
        return doubtful
    ratio = run.median_ms / alone.median_ms
    told = f"the median on {run.profile} is {run.median_ms:,.1f} ms, a lone user's {alone.median_ms:,.1f} ms"
    decision = Decision.CONFIRMED if ratio >= QUEUED else Decision.REFUTED if ratio < ALONE else Decision.OPEN
    return decided(guess, decision, f"{told}: the rest is waiting{few(run, alone)}", ratio, "×", run, alone)


def broker_slows_replies(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Slow answers while the broker's half kept up refute it; the reply does not wait for the broker by design."""
    if run.troubled is False:
        return left_open(guess, f"{run.profile} has no slow answers to explain: p95 {run.p95_ms:,.0f} ms", run)
    if run.p95_ms is not None and (waiting := _unconfirmed(run)):
        return left_open(guess, f"answers took {run.p95_ms:,.0f} ms (p95); {waiting}: {BOTH_SLOW}", run)
    if run.confirm_p95_ms is None or run.drain_s is None or run.p95_ms is None:
        return left_open(guess, f"how long {run.profile} took to confirm is not known", run)
    told = f"answers took {run.p95_ms:,.0f} ms (p95); confirmed {run.confirm_p95_ms:,.0f} ms later (p95)"
    told += f", the last one {run.drain_s:,.1f} s after the load"
    if prompt(run):
        return decided(
            guess, Decision.REFUTED, f"{told}: the broker kept up, answers were slow", run.confirm_p95_ms, "ms", run
        )
    return left_open(guess, f"{told}: {BOTH_SLOW}", run)


def consumption_lags(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Whether confirmations fell behind the answers; what was not confirmed when the wait for it ended did."""
    if waiting := _unconfirmed(run):
        share = (run.unconfirmed or 0) / (run.issued or 1)
        return decided(guess, Decision.CONFIRMED, f"{waiting} on {run.profile}", share, "share", run)
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
    told = f"{spent(run, share, 'in statements')}, where row locks are waited for"
    decision = Decision.REFUTED if share < MUCH else Decision.OPEN
    return decided(guess, decision, told, share, "share", run)


def garbage_collection(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Seconds in which garbage collectors stopped a process, of the load's length: the longest of the processes."""
    if not run.gc_s or not run.load_s:
        why = f"pauses of the garbage collectors were not recorded on {run.profile}"
        return left_open(guess, why, command=run_both(guess, run.scale))
    process, seconds = max(run.gc_s.items(), key=lambda pair: pair[1])
    told = f"the process stopped longest was the {process}: {significant(seconds, 2)} s of {significant(run.load_s)} s "
    told += f"on {run.profile}"
    return by_share(guess, seconds / run.load_s, told, run)


def resources(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """CPU of the whole machine, the load generator included, when it mattered; one load confirms it, all refute it."""
    found = [_machine(guess, runs[name]) for name in guess.profiles if name in runs]
    most = next(kind for kind in MOST if any(one.decision is kind for one in found))
    first = next(one for one in found if one.decision is most)
    missing = next((name for name in guess.profiles if name not in runs), None)
    if most is not Decision.OPEN or missing is None or first.value is None:
        return first
    return replace(first, command=f"rushlab run {missing} --variant report --scale {scale_name(run.scale)}")


def _machine(guess: Guess, run: RunFacts) -> Answer:
    found = run.busiest("host", run.cores or 1)
    if found is None or run.cores is None:
        return left_open(guess, f"how busy the processors were during the load of {run.profile} {NO_SAMPLE}", run)
    told = f"{run.cores} cores were {percent(found.share)} busy {found.when} on {run.profile}, load generator included"
    return by_load(guess, found, told, run)


def threads(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """CPU of the one thread of a worker of the service, of one core, when it mattered."""
    found = run.busiest("service", float(run.knobs.get("workers", 1)))
    if found is None:
        return left_open(guess, f"how busy the service was during the load of {run.profile} {NO_SAMPLE}", run)
    told = "the service has no pool of threads: one thread serves all requests of a worker; "
    told += f"it was {percent(found.share)} busy {found.when} on {run.profile}"
    return by_load(guess, found, told, run)


def saturation(guess: Guess, run: RunFacts, runs: Runs) -> Answer:
    """Whether more users brought more requests, as their schedules would allow; the milder run must have held."""
    other = runs.get(guess.profiles[1])
    if other is None or run.profile != guess.profiles[0] or not other.bound or not run.bound or not other.requests:
        return _both_missing(guess, run)
    if (doubtful := not_held(guess, run, other)) is not None:
        return doubtful
    milder = other.requests / other.bound
    told = f"{other.profile} did {percent(milder)} of what its schedule allows{_p95(other)}, {run.profile} "
    told += f"{percent(run.requests / run.bound)}{_p95(run)}{few(other, run)}"
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
    return by_share(guess, share, spent(run, share, f"waiting {what}"), run)


def spent(run: RunFacts, share: float, where: str) -> str:
    """A share of the time as its users have it, which is a little more than the service's own."""
    return f"of the time that users waited on {run.profile}, requests spent {percent(share)} {where}"


def _unconfirmed(run: RunFacts) -> str:
    """That coupons were not confirmed when the wait for them ended; empty when all were, or none can say."""
    if not run.unconfirmed or run.issued is None:
        return ""
    return f"{run.unconfirmed:,d} of {run.issued:,d} coupons were still not confirmed when the wait for them ended"


def prompt(run: RunFacts) -> bool:
    """Whether the broker's half kept up, and so far below the answers that it cannot have slowed them."""
    if run.confirm_p95_ms is None or run.p95_ms is None:
        return False
    return _soon(run) and run.confirm_p95_ms <= PROMPT_SHARE * run.p95_ms


def _soon(run: RunFacts) -> bool:
    if run.drain_s is None or run.confirm_p95_ms is None:
        return False
    return run.drain_s <= PROMPT_S and run.confirm_p95_ms <= PROMPT_MS
