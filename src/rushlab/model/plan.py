"""A plan: what an experiment compares, by which metric and margin, in how many blocks. Fixed before the first run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from rushlab.model.errors import UsageError
from rushlab.model.metric import Better, Limit
from rushlab.model.profile import Model, Profile, scale_name
from rushlab.model.variant import KnobValue, Variant, unknown

Crossing = Literal["one-factor", "full", "fractional"]

#: Conventions of method.md, "Comparing variants".
MARGIN = 0.10
BLOCKS = 6
SCREENING_BLOCKS = 3
MOST_BLOCKS = 100
MOST_ARMS = 32
#: Requests that a run should have, so that its percentiles are worth comparing.
REQUESTS_PER_RUN = 2000
#: Seconds that the backlog of one run may take to drain before it is recorded as it is.
DRAIN_LIMIT_S = 20.0


class Arm(Struct, frozen=True, kw_only=True):
    """One setting that the experiment tries; `section` and `note` tie it to a recommendation of the report.

    `metric` is the one this arm is judged by, where it is not the plan's: what acts on the asynchronous half is
    judged by what is confirmed. `against` names the arm it is held against, where that is not the baseline: a
    measure shows what it brings only where its resource binds. `trap`: no effect is expected of it, because what it
    relieves does not bind there.
    """

    name: str
    variant: Variant
    section: str = ""
    note: str = ""
    metric: str = ""
    against: str = ""
    trap: bool = False


class Factor(Struct, frozen=True, kw_only=True):
    """A knob that the plan crosses with others, and its values besides the baseline's."""

    knob: str
    values: tuple[KnobValue, ...]


class Operating(Struct, frozen=True, kw_only=True):
    """The operating point of every run: a profile at a scale (closed), or the same shape as a rate (open)."""

    profile: Profile
    scale: float
    model: Model = "closed"

    @property
    def length_s(self) -> float:
        return self.profile.at_scale(self.scale).length_s

    @property
    def words(self) -> str:
        """`steady, 500 users, scale 0.6`."""
        each = "users" if self.model == "closed" else "arrivals per second"
        return f"{self.profile.name}, {self.profile.peak_vus:,d} {each}, scale {scale_name(self.scale)}"


class Goal(Struct, frozen=True, kw_only=True):
    """The primary metric, which direction is better, and the smallest change that matters (0.10 = 10 %)."""

    metric: str
    better: Better
    margin: float = MARGIN


class Plan(Struct, frozen=True, kw_only=True):
    """Everything that is fixed before the first run.

    `factors` are the crossed knobs. `confirm`: fresh blocks in which the winner is driven again against the
    baseline after the last block (0: none).

    Raises
    ------
    UsageError
        There is nothing to compare, too few or too many blocks, two arms of one name or of one setting; or the noise
        of one setting is to be measured (`a_a`) and the arms differ.
    """

    schema: int = 1
    name: str
    title: str
    question: str = ""
    baseline: Arm
    variants: tuple[Arm, ...]
    crossing: Crossing | None = None
    factors: tuple[Factor, ...] = ()
    load: Operating
    goal: Goal
    others: tuple[str, ...] = ()
    blocks: int = BLOCKS
    seed: int = 1
    settling: bool = True
    limits: tuple[Limit, ...] = ()
    a_a: bool = False
    budget_min: float | None = None
    confirm: int = 0

    def __post_init__(self) -> None:
        where = f"Plan {self.name!r}"
        if not self.variants:
            raise UsageError(
                f"{where} compares nothing", "it has one variant only", "Name at least one beside the baseline."
            )
        if len(self.arms) > MOST_ARMS:
            raise UsageError(
                f"{where} has {len(self.arms)} arms", f"{MOST_ARMS} are the most", "Use crossing: fractional."
            )
        if not 2 <= self.blocks <= MOST_BLOCKS:
            raise UsageError(*_blocks(where, self.blocks))
        if self.confirm and not 2 <= self.confirm <= MOST_BLOCKS:
            raise UsageError(*_blocks(f"{where}, confirm:", self.confirm))
        if not 0 < self.goal.margin < 1:
            raise UsageError(f"{where} cannot have the margin {self.goal.margin:g}", "it is a share between 0 and 1")
        _require_distinct(where, self.arms, a_a=self.a_a)
        if self.a_a:
            _require_alike(where, self.arms)
        for arm in self.variants:
            others = [other.name for other in self.arms if other.name != arm.name]
            if arm.against and arm.against not in others:
                raise unknown("Arm", arm.against, others)

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The baseline first, then the variants as they were named."""
        return (self.baseline, *self.variants)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The primary metric first, then those that arms are judged by, then the exploratory ones."""
        own = [arm.metric for arm in self.variants if arm.metric]
        return tuple(dict.fromkeys((self.goal.metric, *own, *self.others)))

    def held_against(self, name: str) -> tuple[str, ...]:
        """The variants that are compared with the arm of that name."""
        return tuple(arm.name for arm in self.variants if (arm.against or self.baseline.name) == name)

    def judged_by(self, metric: str) -> tuple[str, ...]:
        """The variants for which `metric` was declared beforehand."""
        return tuple(arm.name for arm in self.variants if (arm.metric or self.goal.metric) == metric)

    @property
    def runs(self) -> int:
        """Runs in all, settling runs and the winner's confirmation with them."""
        return len(self.arms) * self.blocks + int(self.settling) + self.runs_to_confirm

    @property
    def runs_to_confirm(self) -> int:
        """Winner and baseline in fresh blocks, with a settling run of their own."""
        return 2 * self.confirm + int(self.settling) if self.confirm else 0

    @property
    def screening(self) -> bool:
        """Too few blocks for an exact test: a first look, not a verdict to build on."""
        return self.blocks < BLOCKS

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)


def _blocks(where: str, blocks: int) -> tuple[str, str, str]:
    what = f"{where} cannot have {blocks} block" + ("" if blocks == 1 else "s")
    if blocks > MOST_BLOCKS:
        return what, f"{MOST_BLOCKS} are the most", ""
    why = "one run of each variant tells nothing about how much runs vary"
    return what, why, f"Take {SCREENING_BLOCKS} for a screening, {BLOCKS} for a verdict."


def _require_distinct(where: str, arms: Sequence[Arm], *, a_a: bool) -> None:
    names: set[str] = set()
    settings: dict[str, str] = {}
    for arm in arms:
        if arm.name in names:
            raise UsageError(f"{where} has two arms named {arm.name!r}", do="Give each variant a name of its own.")
        names.add(arm.name)
        key = repr(sorted(arm.variant.settings.items()))
        if not a_a and key in settings:
            raise UsageError(
                f"{where}: variant {arm.name!r} is the same as {settings[key]!r}",
                "every knob has the same value",
                "To measure the noise on purpose, write a_a: true.",
            )
        settings[key] = arm.name


def _require_alike(where: str, arms: Sequence[Arm]) -> None:
    first, *others = arms
    for arm in others:
        for knob, value in arm.variant.settings.items():
            if value != first.variant.settings.get(knob):
                there = first.variant.settings.get(knob)
                raise UsageError(
                    f"{where} measures the noise of one setting (a_a: true), but its arms differ",
                    f"{arm.name!r} has another {knob} than {first.name!r}: {value}, not {there}",
                    "Leave a_a out to compare them, or the variants to measure the noise.",
                )
