"""V6: was the environment left alone? No unplanned restart, nothing killed for want of memory, nobody else at work."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rushlab.judge.checks import check, decide
from rushlab.model.verdict import Check, Status

#: A convention (a setting with this default, printed beside what it judged): others' share of the machine's CPU time
#: that is worth a word. What two runs of one variant make of it is known only from A/A runs.
BACKGROUND_SHARE = 0.1


def undisturbed(
    *,
    restarted: Collection[str] | None,
    planned: Collection[str] = (),
    oom_kills: int | None,
    background: float | None,
) -> Check:
    """V6 of a run.

    Parameters
    ----------
    restarted
        Processes of the stack that were not the same ones at the end; None = not looked at.
    planned
        Those that were stopped or killed on purpose.
    oom_kills
        Processes that the kernel of this machine killed for want of memory meanwhile.
    background
        Share of the machine's CPU capacity that others used (`background_share`).
    """
    unplanned = None if restarted is None else sorted(set(restarted) - set(planned))
    lacking = [
        "" if unplanned is not None else "processes were not compared before and after",
        "" if oom_kills is not None else "the kernel does not tell whom it killed for memory",
    ]
    missing = [text for text in lacking if text]
    status = decide(bool(unplanned) or bool(oom_kills), missing)
    busy = background is not None and background > BACKGROUND_SHARE
    return check(
        "V6",
        "environment undisturbed",
        Status.WARN if busy and status is Status.PASS else status,
        value=f"restarted: {_names(unplanned)}; killed for memory: {_number(oom_kills)}; "
        f"others' CPU {'unknown' if background is None else f'{background:.0%}'}",
        limit=f"none; 0; WARN above {BACKGROUND_SHARE:.0%}* of the machine (its A/A range is not known)",
        evidence=["processes, kernel and CPU time before and after", *missing, _on_purpose(planned)],
    )


def background_share(cpu_s: Mapping[str, float] | None, capacity_s: float | None) -> float | None:
    """CPU time of processes that belong neither to the stack nor to the workbench, as a share of the capacity.

    `cpu_s` has the CPU seconds by process and those of the whole `host`; `capacity_s` is cores × seconds.
    """
    if cpu_s is None or "host" not in cpu_s or not capacity_s:
        return None
    ours = sum(used for name, used in cpu_s.items() if name != "host")
    return max(0.0, cpu_s["host"] - ours) / capacity_s


def _names(names: Collection[str] | None) -> str:
    return "unknown" if names is None else ", ".join(names) or "none"


def _number(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"


def _on_purpose(planned: Collection[str]) -> str:
    return f"on purpose: {', '.join(sorted(set(planned)))}" if planned else ""
