"""The checks that a comparison leans on, over all runs of an experiment: V3, V10, V11, V12 and those of each run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from scipy.special import stdtrit

from rushlab.judge.checks import check
from rushlab.judge.comparison import MOST_EXCLUDED
from rushlab.judge.validity import TITLES
from rushlab.model.experiment_result import MeasuredRun, Noise
from rushlab.model.metric import METRICS
from rushlab.model.plan import REQUESTS_PER_RUN, Plan
from rushlab.model.verdict import Check, Status, worst

#: Fewest A/A blocks on this host and these versions behind a verdict.
NOISE_BLOCKS = 6
#: Runs of one block are no more back to back when so many seconds passed between their beginnings.
GAP_S = 900.0


def checks(plan: Plan, runs: Sequence[MeasuredRun], noise: Sequence[Noise]) -> tuple[Check, ...]:
    """V1, V2, … of the runs summed up, and what is judged of the experiment as a whole."""
    used = [run for run in runs if run.objection is None]
    own = {"V3", "V10", "V11", "V12"}
    ids = sorted({name for run in used for name in run.checks if name.startswith("V")} - own, key=_number)
    found = [_summed_up(name, used) for name in ids]
    found += [_correct(runs), _samples(used), _design(plan, runs), noise_floor(plan, noise)]
    return tuple(sorted(found, key=lambda one: _number(one.id)))


def floor(noise: Noise, blocks: int) -> float | None:
    """The ratio beyond which equal settings differ in 5 % of experiments of `blocks` blocks: exp(t·sd/√k)."""
    if noise.sd is None or blocks < 2:
        return None
    return math.exp(min(float(stdtrit(blocks - 1, 0.975)) * noise.sd / math.sqrt(blocks), 700.0))


def noise_floor(plan: Plan, noise: Sequence[Noise]) -> Check:
    """V12: at least six A/A blocks on this host and these versions; they warn at another load, or above the margin.

    Of all metrics by which some variant is judged, each of which has its own noise, the worst counts.
    """
    declared = [one for one in noise if one.metric == plan.goal.metric or plan.judged_by(one.metric)]
    made = {part: None for one in declared for part in (_source(one), _made_with(one))}
    evidence = [*made, *(f"{_of(one, declared)}{text}" for one in declared for text in _reach(plan, one))]
    return check(
        "V12",
        "noise floor known",
        worst(_known(plan, one) for one in declared),
        value="; ".join(f"{_of(one, declared)}{_spread(one)}" for one in declared),
        limit=f"≥ {NOISE_BLOCKS} A/A blocks on this host and these versions",
        evidence=evidence,
    )


def _known(plan: Plan, noise: Noise) -> Status:
    """How well the noise of one metric is known."""
    if noise.sd is None:
        return Status.UNKNOWN
    if not noise.enough:
        return Status.FAIL
    return Status.PASS if noise.same_load and not _above_margin(plan, noise) else Status.WARN


def _above_margin(plan: Plan, noise: Noise) -> bool:
    bound = floor(noise, plan.blocks)
    return noise.enough and bound is not None and bound > 1 + plan.goal.margin


def _reach(plan: Plan, noise: Noise) -> Iterator[str]:
    """How far equal settings come apart by one metric."""
    if (bound := floor(noise, plan.blocks)) is not None:
        yield f"equal settings reach a ratio of {bound:.3f} in one of twenty experiments of {plan.blocks} blocks"
    if _above_margin(plan, noise):
        yield f"the margin of {plan.goal.margin:.0%} is below that"


def _of(noise: Noise, declared: Sequence[Noise]) -> str:
    """The metric in front of what is said of it, where there are several."""
    return f"{METRICS[noise.metric].title}: " if len(declared) > 1 else ""


def _spread(noise: Noise) -> str:
    return noise.reason or f"spread of a block's difference {noise.sd:.1%} over {noise.k} A/A blocks"


def _source(noise: Noise) -> str:
    return f"experiment {noise.experiment}" if noise.experiment else "run: rushlab tune a-a"


def _made_with(noise: Noise) -> str:
    another = "" if noise.same_load else ", another load than this experiment's"
    return f"made with {noise.load}{another}" if noise.load else ""


def _summed_up(name: str, runs: Sequence[MeasuredRun]) -> Check:
    statuses = Counter(run.checks.get(name, Status.UNKNOWN) for run in runs)
    status = worst(Status(one) for one in statuses)
    said = ", ".join(f"{count} {one}" for one, count in sorted(statuses.items()))
    return check(name, _title(name), status, value=said, limit="", evidence=[f"the verdicts of {len(runs)} runs"])


def _correct(runs: Sequence[MeasuredRun]) -> Check:
    """V3 over all runs that have an audit, also those whose figures do not count."""
    audited = [run for run in runs if run.checks]
    statuses = [Status(status) for run in audited for status in _invariants(run)]
    wrong = [f"{', '.join(run.wrong)} in block {run.block}, {run.arm!r}" for run in audited if run.wrong]
    open_ones = [run for run in audited if not run.wrong and "UNKNOWN" in _invariants(run)]
    status = worst(statuses) if statuses else Status.UNKNOWN
    value = f"{len(audited) - len(wrong)} of {len(audited)} runs without a failed invariant"
    cause = " (a backlog that had not drained)" if all(run.backlog for run in open_ones) else ""
    undecided = f"undecided in {len(open_ones)} runs{cause}" if open_ones else ""
    return check("V3", "correctness", status, value=value, limit="all", evidence=[*wrong, undecided])


def _invariants(run: MeasuredRun) -> list[str]:
    return [status for name, status in run.checks.items() if name.startswith("I")]


def _samples(runs: Sequence[MeasuredRun]) -> Check:
    """V10: at least 2,000* requests in the window of every run; a stock that lasts is judged run by run."""
    known = [run.requests for run in runs if run.requests is not None]
    fewest = min(known, default=None)
    sold_out = [run for run in runs if run.checks.get("V10") in ("WARN", "FAIL")]
    status = Status.UNKNOWN if fewest is None else Status.PASS
    if fewest is not None and (fewest < REQUESTS_PER_RUN or sold_out):
        status = Status.WARN
    evidence = f"V10 of {len(sold_out)} runs warns" if sold_out else ""
    value = "no run" if fewest is None else f"at least {fewest:,} requests in a run's window"
    return check("V10", "enough samples", status, value=value, limit=f"≥ {REQUESTS_PER_RUN:,}*", evidence=[evidence])


def _design(plan: Plan, runs: Sequence[MeasuredRun]) -> Check:
    """V11: every planned run was made, in the drawn order, a block's runs back to back.

    A run that was driven again hours after the rest of its block shares its time with none of them. Where that is so in
    more than 20 %* of the blocks, they are no blocks any more.
    """
    made = [run for run in sorted(runs, key=lambda run: run.position) if run.created is not None]
    late = [run for run in made if run.again]
    kept = [run for run in made if not run.again]
    swapped = [second for first, second in pairwise(kept) if (second.created or 0) < (first.created or 0)]
    gaps = [second for first, second in pairwise(made) if _gap(first, second)]
    missing = [run for run in runs if run.created is None]
    blocks = {run.block for run in runs}
    torn = _torn(made)
    ahead = sorted(set(range(1, plan.blocks + 1)) - blocks)
    clauses = [
        f"{len(swapped)} runs began before one that was drawn earlier" if swapped else "",
        f"driven again: {_places(late)}" if late else "",
        f"over {GAP_S / 60:.0f} minutes from the rest of its block: {torn} of {len(blocks)} blocks" if torn else "",
        f"a gap before {_places(gaps)}" if gaps else "",
        f"without a run: {_places(missing)}" if missing else "",
        f"not made yet: blocks {', '.join(map(str, ahead))}" if ahead else "",
        f"order drawn from seed {plan.seed}",
    ]
    broken = swapped or torn > MOST_EXCLUDED * len(blocks)
    status = Status.FAIL if broken else Status.WARN if (late or gaps or missing or ahead) else Status.PASS
    value = f"{len(made)} of {len(plan.arms) * plan.blocks} planned runs in {plan.blocks} randomised complete blocks"
    return check("V11", "design followed", status, value=value, limit="all, in the drawn order", evidence=clauses)


def _gap(first: MeasuredRun, second: MeasuredRun) -> bool:
    return first.block == second.block and (second.created or 0) - (first.created or 0) > GAP_S


def _torn(made: Sequence[MeasuredRun]) -> int:
    """Blocks with a run that was driven again, and not in the time of their other runs."""
    torn = 0
    for _, block in groupby(made, key=lambda run: run.block):
        runs = sorted(block, key=lambda run: run.created or 0)
        apart = any((after.created or 0) - (before.created or 0) > GAP_S for before, after in pairwise(runs))
        torn += apart and any(run.again for run in runs)
    return torn


def _places(runs: Iterable[MeasuredRun]) -> str:
    return ", ".join(f"block {run.block} {run.arm!r}" for run in runs)


def _title(name: str) -> str:
    return {"V1": "artefacts whole", "V2": "counts agree"}.get(name) or TITLES.get(name, name)


def _number(name: str) -> int:
    digits = "".join(letter for letter in name if letter.isdigit())
    return int(digits) if digits else 0
