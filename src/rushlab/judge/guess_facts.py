"""What is known of a run when a guess of the original report is decided from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from rushlab.judge.guess_busy import Busy
from rushlab.model.guess import Changes
from rushlab.model.run import Fault
from rushlab.model.variant import KnobValue
from rushlab.model.verdict import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Figures of one usable run; None = not known.

    Times in ms where the name says so, else in seconds. `doubt`: why it may be held against no other run. `load_s`:
    from the begin to the last reply. `issued`: users told 201, `unconfirmed` of them when the wait for the rest ended.
    `stage_s`: stage of the service → seconds that all requests together spent in it. `cpu_s`: process → CPU seconds,
    `host` the whole machine, counted over `cpu_over_s`. `gc_s`: process → seconds in which its garbage collector
    stopped it during the load. `row_lock_s`: seconds that statements waited for row locks. `busy_when`: process → how
    busy it was when it mattered. `set_aside` and `holder_stopped` are the invariants I11 and I14.
    """

    run: str
    profile: str
    variant: str
    requests: int
    failed: int
    mean_ms: float | None
    median_ms: float | None
    p95_ms: float | None
    scale: float = 1.0
    doubt: str | None = None
    limit_ms: float | None = None
    bound: int | None = None
    confirm_p95_ms: float | None = None
    drain_s: float | None = None
    issued: int | None = None
    unconfirmed: int | None = None
    load_s: float | None = None
    cores: int | None = None
    knobs: Mapping[str, KnobValue] = field(default_factory=dict)
    cpu_s: Mapping[str, float] | None = None
    cpu_over_s: float | None = None
    stage_s: Mapping[str, float] | None = None
    gc_s: Mapping[str, float] | None = None
    row_lock_s: float | None = None
    busy_when: Mapping[str, Busy] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    set_aside: Status = Status.UNKNOWN
    holder_stopped: Status = Status.UNKNOWN

    @property
    def troubled(self) -> bool | None:
        """Whether the p95 was over the profile's limit."""
        return None if self.p95_ms is None or self.limit_ms is None else self.p95_ms > self.limit_ms

    @property
    def answered(self) -> int:
        """Requests that did not fail."""
        return self.requests - self.failed

    @property
    def waited_s(self) -> float | None:
        """Seconds that all requests together took."""
        return None if self.mean_ms is None else self.mean_ms * self.requests / 1000

    def share_in(self, *stages: str) -> float | None:
        """The share of all requests' time that was spent in these stages of the service."""
        if self.stage_s is None or not self.waited_s:
            return None
        return sum(self.stage_s.get(stage, 0.0) for stage in stages) / self.waited_s

    def busy(self, process: str, cores: float) -> float | None:
        """The share of `cores` cores that a process kept busy while CPU time was counted: load and drain."""
        if self.cpu_s is None or process not in self.cpu_s or not self.cpu_over_s:
            return None
        return self.cpu_s[process] / (self.cpu_over_s * cores)

    def busiest(self, process: str, cores: float) -> Busy | None:
        """How busy a process was when it mattered; where no series tells, on the whole."""
        if process in self.busy_when:
            return self.busy_when[process]
        share = self.busy(process, cores)
        return None if share is None else Busy(share, "(a mean over the whole run)", mean=True)

    @property
    def share_of_bound(self) -> float | None:
        """The share of the requests that the schedule allows."""
        return self.requests / self.bound if self.bound else None

    @property
    def stopped_s(self) -> float | None:
        """For how long a process of the service was stopped at most; None when none was."""
        stops = [one for one in self.faults if one.what == "pause" and one.process.startswith("service")]
        return max((inf if one.end is None else one.end - one.start for one in stops), default=None)


#: The runs of one variant: profile → facts. What an invariant decides has further runs, by their ids.
Runs = Mapping[str, RunFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What an experiment found of an arm that changed just these knobs against another.

    `reason` is the comparison's, `load` the operating point in words. `rate`: the metric is one, which no arm can
    raise above the load. `trap`: no effect was expected of it, because what it relieves did not bind there.
    """

    experiment: str
    arm: str
    against: str
    changes: Changes
    metric: str
    verdict: str
    ratio: float
    interval: tuple[float, float]
    reason: str = ""
    load: str = ""
    rate: bool = False
    trap: bool = False

    @property
    def says_nothing(self) -> bool:
        """Whether its verdict may be the load's: two arms that meet it have the same rate, whatever they could do."""
        return self.rate and self.verdict == "equivalent"
