"""V5: was the load generator starved? Its lateness against the response times, its memory, its share of the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rushlab.judge.checks import check
from rushlab.model.verdict import Check, Status

#: Conventions (settings with these defaults, printed beside what they judged).
LATE_SHARE = 0.5
LATE_MS = 10.0
NOTED_SHARE = 0.1
MEMORY_SHARE = 0.9

#: How many of the largest users of CPU time are named.
NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFacts:
    """What is known of the load generator; None = not known.

    `lateness_ms` is the 95th percentile of iteration duration − pause − request time, `request_ms` that of the request
    durations. `waiting` is the mean number of its threads that were ready and waited for a CPU. `memory_share` is the
    largest share of the machine's memory in use, `swapped_bytes` what was swapped meanwhile. `cpu_s` is the CPU time by
    process, with `k6` and the whole `host`. `shared`: the generator runs on the machine of the service.
    """

    lateness_ms: float | None
    request_ms: float | None
    waiting: float | None = None
    memory_share: float | None = None
    swapped_bytes: float | None = None
    cpu_s: Mapping[str, float] | None = None
    shared: bool = True


def generator_not_starved(facts: GeneratorFacts) -> Check:
    """V5: FAIL when it was late by more than half of the p95 (and 10 ms), or ran out of memory.

    On a shared machine never better than WARN: response times hold the generator's own wait for a CPU.
    """
    return check(
        "V5",
        "load generator not starved",
        _status(facts),
        value=f"{_lateness(facts)}; memory {_share(facts.memory_share)}, swapped {_bytes(facts.swapped_bytes)}",
        limit=_limit(facts),
        evidence=[*_missing(facts), _waits(facts), _split(facts)],
    )


def late_share(facts: GeneratorFacts) -> float | None:
    """Lateness as a share of the request p95; None when one of them is not known."""
    if facts.lateness_ms is None or not facts.request_ms:
        return None
    return max(0.0, facts.lateness_ms) / facts.request_ms


def _limit(facts: GeneratorFacts) -> str:
    late = f"≤ {LATE_SHARE:.0%}* of the p95 or ≤ {LATE_MS:g} ms* (WARN from {NOTED_SHARE:.0%}*)"
    shared = "; on one machine with the service never better than WARN" if facts.shared else ""
    return f"{late}; memory ≤ {MEMORY_SHARE:.0%}*, no swap{shared}"


def _status(facts: GeneratorFacts) -> Status:
    share, memory, swapped = late_share(facts), facts.memory_share, facts.swapped_bytes
    late = share is not None and share > LATE_SHARE and (facts.lateness_ms or 0.0) > LATE_MS
    if late or (memory is not None and memory > MEMORY_SHARE) or swapped:
        return Status.FAIL
    if share is None or memory is None or swapped is None:
        return Status.UNKNOWN
    return Status.WARN if facts.shared or share > NOTED_SHARE else Status.PASS


def _lateness(facts: GeneratorFacts) -> str:
    share = late_share(facts)
    if share is None:
        return "lateness unknown"
    return f"late by {facts.lateness_ms:.1f} ms (p95), {share:.0%} of the request p95 of {facts.request_ms:.1f} ms"


def _missing(facts: GeneratorFacts) -> list[str]:
    return [
        "" if late_share(facts) is not None else "k6's points do not pair iterations with requests",
        "" if facts.memory_share is not None else "memory was not recorded",
        "" if facts.swapped_bytes is not None else "swapping was not recorded",
    ]


def _waits(facts: GeneratorFacts) -> str:
    return "" if facts.waiting is None else f"k6: {facts.waiting:.2f} threads waited for a CPU on average"


def _split(facts: GeneratorFacts) -> str:
    """Who used the machine's CPU time, the largest first."""
    if not facts.shared:
        return ""
    if facts.cpu_s is None or not facts.cpu_s.get("host"):
        return "one machine for all: response times hold k6's own wait for a CPU; the split of the CPU is not known"
    host, used = facts.cpu_s["host"], {name: used for name, used in facts.cpu_s.items() if name != "host"}
    largest = sorted((name for name in used if name != "k6"), key=lambda name: -used[name])[:NAMED]
    parts = [f"{name} {used[name] / host:.0%}" for name in ("k6", *largest) if name in used]
    return f"one machine for all: response times hold k6's own wait for a CPU; CPU time: {', '.join(parts)}"


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


def _bytes(count: float | None) -> str:
    return "unknown" if count is None else f"{count / 1e6:,.0f} MB"
