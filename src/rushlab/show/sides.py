"""What stands behind one side of a comparison, for the terminal: its checks, audits, exclusions, seed and hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rushlab.model.experiment_result import MeasuredRun
from rushlab.show import units

#: Most runs of which each record's hash is told; those of more stand on the experiment's own page.
FEW_RUNS = 12


def side(
    name: str,
    runs: Sequence[MeasuredRun],
    checks: Mapping[str, str],
    hashes: Mapping[str, str],
    *,
    order_seed: int | None = None,
) -> Iterator[str]:
    """One line each; `checks` has the statuses by id, `hashes` the SHA-256 by what was hashed, runs by their names."""
    if checks:
        yield f"{name}: checks {', '.join(f'{check} {status}' for check, status in checks.items())}"
    yield f"{name}: {_audited(runs)}"
    yield f"{name}: {_excluded(runs)}"
    told = ", ".join(_hashes(runs, hashes)) or units.UNKNOWN
    order = "" if order_seed is None else f"order from seed {order_seed}; "
    yield f"{name}: {order}SHA-256 of {told}"


def _audited(runs: Sequence[MeasuredRun]) -> str:
    wrong = [f"{', '.join(run.wrong)} failed in {_place(run, runs)}" for run in runs if run.wrong]
    audited = [run for run in runs if run.counts or run.checks]
    kept = f"{units.plural(len(audited), 'run')} without a failed invariant" if audited else "no run was audited"
    return "; ".join((", ".join(wrong) or kept, *filter(None, (_counts(runs),))))


def _counts(runs: Sequence[MeasuredRun]) -> str:
    known = [run.counts for run in runs if run.counts]
    names = dict.fromkeys(name for counts in known for name in counts)
    return ", ".join(f"{name} {_sum([counts.get(name) for counts in known])}" for name in names)


def _sum(counts: Sequence[int | None]) -> str:
    known = [count for count in counts if count is not None]
    return f"{sum(known):,}" if len(known) == len(counts) else units.UNKNOWN


def _excluded(runs: Sequence[MeasuredRun]) -> str:
    left = [f"{_place(run, runs)} ({run.objection})" for run in runs if run.objection]
    return f"excluded: {'; '.join(left)}" if left else "no run excluded"


def _place(run: MeasuredRun, runs: Sequence[MeasuredRun]) -> str:
    if len(runs) == 1:
        return "the run"
    arm = "" if len({one.arm for one in runs}) == 1 else f", {run.arm}"
    return f"block {run.block}{arm}"


def _hashes(runs: Sequence[MeasuredRun], hashes: Mapping[str, str]) -> Iterator[str]:
    names = [run.run for run in runs if run.run] if len(runs) <= FEW_RUNS else []
    for name in ("plan.json", *names):
        if name in hashes:
            yield f"{name} {hashes[name][:12]}"
