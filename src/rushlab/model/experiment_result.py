"""What an experiment says: its runs, a comparison per variant and metric, the checks it rests on, the ranking."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from rushlab.model.comparison import Comparison
from rushlab.model.metric import Better
from rushlab.model.plan import Crossing
from rushlab.model.sweep import Effect, Front
from rushlab.model.variant import KnobValue
from rushlab.model.verdict import Check


class MeasuredRun(Struct, frozen=True, kw_only=True):
    """One slot of the experiment. `objection` says why its figures do not count; None = they do.

    `wrong` names the invariants that failed in it. `values` holds the metrics, `reasons` why one is unknown.
    `created` is the epoch second at which the run began. `checks` has the status of each check and invariant by id.
    """

    block: int
    position: int
    arm: str
    run: str | None
    objection: str | None = None
    wrong: tuple[str, ...] = ()
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    quantiles: dict[str, float] = {}
    requests: int | None = None
    steady: bool | None = None
    backlog: int | None = None
    created: float | None = None
    checks: dict[str, str] = {}
    counts: dict[str, int | None] = {}
    again: tuple[str, ...] = ()


class ArmResult(Struct, frozen=True, kw_only=True):
    """One arm over its blocks: `typical` is the geometric mean of each metric, `counts` the sums of the audits.

    `bar` says why the arm is outside the ranking (an invariant failed, a constraint of the plan is not met).
    `red`: an invariant failed. `metric` is the one it was declared to be judged by. `trap`: no effect is expected.
    """

    name: str
    variant: str
    knobs: dict[str, KnobValue]
    changes: dict[str, KnobValue]
    section: str
    note: str
    metric: str
    k: int
    typical: dict[str, float | None]
    counts: dict[str, int | None]
    backlog: int | None
    red: bool
    bar: str | None
    trap: bool = False


class Noise(Struct, frozen=True, kw_only=True):
    """How much runs of one setting differ: the spread of a block's difference of ln(metric), from an A/A experiment.

    `sd` None: no usable A/A experiment; `reason` says why. `enough`: at least six blocks on this host and versions.
    `load` is the operating point it was measured at, in words; `same_load`: that is the one it is asked for.
    `run_sd` is the spread of one run's ln(metric) over all blocks, for runs that share none, `run_freedom` its degrees
    of freedom.
    """

    metric: str
    sd: float | None
    k: int
    experiment: str | None
    enough: bool
    reason: str | None = None
    load: str = ""
    same_load: bool = True
    run_sd: float | None = None
    run_freedom: float = 0.0


class Shift(Struct, frozen=True, kw_only=True):
    """How far one percentile of the accept times moved: variant / baseline over `k` blocks, with its 95 % interval."""

    variant: str
    baseline: str
    percent: int
    ratio: float
    interval: tuple[float, float] | None
    k: int


class Confirmation(Struct, frozen=True, kw_only=True):
    """Fresh blocks of the winner against the baseline, made after the selection: an experiment of its own.

    `complete`: all of its blocks are made. `exploratory` says why its verdict is no more than a first look. `checks`
    and `runs` are its own; no run of the selection is among them. `reason` says why it cannot be read; then nothing
    else of it is known, not even its arm.
    """

    experiment: str
    arm: str
    blocks: int
    complete: bool
    comparison: Comparison | None
    exploratory: str | None = None
    checks: tuple[Check, ...] = ()
    runs: tuple[MeasuredRun, ...] = ()
    reason: str | None = None


class Winner(Struct, frozen=True, kw_only=True):
    """The best of `among` variants by the primary metric; `selected` is the figure it was selected by (biased upward).

    The figure to be believed is that of `confirmation`. `arm` None: no variant looks better than the baseline.
    """

    arm: str | None
    among: int
    selected: Comparison | None
    confirmation: Confirmation | None
    sentence: str


class ExperimentResult(Struct, frozen=True, kw_only=True):
    """Everything that is shown and exported of an experiment.

    `comparisons` has the primary metric first, every variant against the baseline; `ranking` names the variants that
    are better than the baseline, best first. `effects` are those of crossed knobs (`crossing` says how), `front` is
    that of accept p95 and CPU per request, `winner` the best of several variants with what fresh runs say of it.
    `exploratory` says why no verdict is more than a first look, None = it is. `hashes`: SHA-256 of the plan and of each
    run's record.
    """

    schema: int = 1
    experiment: str
    plan: str
    title: str
    question: str
    metric: str
    better: Better
    margin: float
    baseline: str
    profile: str
    scale: float
    model: str
    blocks: int
    seed: int
    a_a: bool
    complete: bool
    sentence: str
    exploratory: str | None
    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    shifts: tuple[Shift, ...]
    ranking: tuple[str, ...]
    checks: tuple[Check, ...]
    noise: tuple[Noise, ...]
    runs: tuple[MeasuredRun, ...]
    environment: dict[str, Any]
    hashes: dict[str, str]
    effects: tuple[Effect, ...] = ()
    front: Front | None = None
    winner: Winner | None = None
    crossing: Crossing | None = None

    def arm(self, name: str) -> ArmResult:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)

    def comparison(self, arm: str, metric: str | None = None) -> Comparison | None:
        """The comparison of that arm (of the primary metric unless another is named); None when there is none."""
        wanted = metric or self.metric
        return next((one for one in self.comparisons if (one.variant, one.metric) == (arm, wanted)), None)

    @property
    def all_runs(self) -> tuple[MeasuredRun, ...]:
        """The runs of the experiment, and those that confirm its winner."""
        confirmation = self.winner.confirmation if self.winner else None
        return (*self.runs, *(confirmation.runs if confirmation else ()))

    def noise_of(self, metric: str) -> Noise:
        return next(one for one in self.noise if one.metric == metric)
