"""The main job: drive the report's profiles against each variant and write the report.

data/reports/20261124T150000Z/
    report.html  report.ipynb  report.json  junit.xml  report.md  tables/*.csv
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rushlab.flows import notebooks, outputs
from rushlab.flows.live import hearing, refuse_unknown_parameters
from rushlab.flows.studies import gather
from rushlab.flows.workbench import REPORT_PROFILES, Listener, Silent, Workbench, parse_names
from rushlab.judge.validity import exit_code
from rushlab.model.errors import Interrupted, ResultError, RushlabError
from rushlab.model.profile import parse_scale
from rushlab.model.verdict import ExitCode
from rushlab.show.views import Study
from rushlab.world.files import check_writable, write_atomic
from rushlab.world.folders import open_runs

if TYPE_CHECKING:
    from rushlab.show.html import Head


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What a report shall hold: runs that are there (`runs`), or profiles × variants to drive."""

    variants: tuple[str, ...]
    profiles: tuple[str, ...]
    scale: float
    repeat: int = 1
    backend: str = "native"
    runs: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        bench: Workbench,
        *,
        variants: str | Iterable[str],
        scale: str | float,
        profiles: str | Iterable[str] = "",
        repeat: int = 1,
        backend: str = "native",
        runs: Iterable[str] = (),
    ) -> ReportOrder:
        """Check every name before anything starts (UsageError for an unknown one)."""
        bench.backend(backend)
        return cls(
            variants=tuple(parse_names(variants, bench.knobs.presets, "Variant")),
            profiles=tuple(parse_names(profiles or REPORT_PROFILES, bench.profiles, "Profile")),
            scale=parse_scale(scale),
            repeat=repeat,
            backend=backend,
            runs=tuple(runs),
        )


@dataclass(frozen=True, slots=True)
class ReportResult:
    """Where a report is, what it shows, and the exit code that goes with it."""

    folder: Path
    study: Study
    exit_code: ExitCode


def make_report(
    bench: Workbench,
    order: ReportOrder,
    *,
    out: Path | None = None,
    check: bool = False,
    strict: bool = False,
    listener: Listener | None = None,
) -> ReportResult:
    """Drive (unless runs are given), then write the report's files into one folder.

    Raises
    ------
    ResultError
        Not one run came to its end, or the notebook failed.
    StorageError
        The folder cannot be written.
    UsageError
        A notebook in it would be overwritten.
    Interrupted
        The user asked to end. Its sentence, as that of any error after the runs were made, says how to report on them.
    """
    listener = listener or Silent()
    folder = out.absolute() if out else bench.settings.reports / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    check_writable(folder)
    notebooks.require_replaceable(folder / "report.html")
    names, missing = _runs(bench, order, listener)
    listener.step("writing the report")
    try:
        study = gather(bench, names, missing=missing)
        write_report(bench, study, names, folder)
    except (KeyboardInterrupt, RushlabError) as stop:
        if order.runs:
            raise
        raise _unwritten(names, stop) from None
    last = None if order.runs else order.variants[-1]
    return ReportResult(folder, study, study_exit_code(study, variant=last, check=check, strict=strict))


def _unwritten(runs: Iterable[str], stop: BaseException) -> RushlabError:
    """The same error, with the command that reports on the runs that were made for it."""
    again = " ".join(f"--from {Path(run).name}" for run in runs)
    do = f"The runs are kept; report on them with: rushlab report {again}"
    if isinstance(stop, RushlabError):
        return type(stop)(stop.what, stop.why, f"{stop.do} {do}".lstrip())
    return Interrupted("The report was stopped before it was written", "interrupted", do)


def open_study(
    runs: Iterable[str] = (),
    *,
    variants: str = "report,recommended",
    scale: str = "demo",
    profiles: str = "",
    missing: Iterable[str] = (),
    listener: Listener | None = None,
) -> Study:
    """The study of a notebook: of `runs` when there are any, else of runs driven now.

    Parameters
    ----------
    runs
        Run ids or folders; empty: the stack is started and the profiles are driven.
    variants, scale, profiles
        What to drive, as for `rushlab report`.
    """
    refuse_unknown_parameters(("runs", "variants", "scale", "profiles", "missing"))
    bench = Workbench.open()
    if given := [runs] if isinstance(runs, str) and runs else list(runs):
        return gather(bench, given, missing=missing)
    order = ReportOrder.parse(bench, variants=variants, scale=scale, profiles=profiles)
    with hearing(listener) as told:
        names, failed = _runs(bench, order, told)
    return gather(bench, names, missing=[*missing, *failed])


def write_report(bench: Workbench, study: Study, runs: list[str], folder: Path) -> None:
    """Execute the report's notebook on `runs` and write every output of it; each file is whole or not there."""
    parameters = {"runs": runs, "missing": study.missing}
    source = bench.settings.root / "notebooks" / "report.ipynb"
    notebooks.write_page(source, folder / "report.html", parameters, lambda: _head(study), root=bench.settings.root)
    for name, kind in (("report.json", "json"), ("junit.xml", "junit"), ("report.md", "markdown")):
        write_atomic(folder / name, outputs.text(study, kind))
    outputs.write_tables(study, folder / "tables")


def study_exit_code(study: Study, *, variant: str | None = None, check: bool = False, strict: bool = False) -> ExitCode:
    """The study's exit code over all its runs, repeats too.

    A plain report is a study: its missed thresholds are findings. With `check`, a threshold of `variant`
    (the last one that was asked for) that was missed, or could not be judged, or a missing run, counts.
    """
    return exit_code(
        validities=[view.validity for view in study.every],
        audits=[view.audit for view in study.every],
        threshold_missed=check and not _meets_all(study, variant or list(study.variants)[-1]),
        strict=strict,
    )


def _meets_all(study: Study, variant: str) -> bool:
    views = [view for view in study.every if view.run.variant == variant]
    judged = [result for view in views if view.figures for result in view.figures.thresholds]
    return bool(judged) and not study.partial and all(result.passed is True for result in judged)


def _head(study: Study) -> Head:
    from rushlab.show import html

    return html.Head.of(study)


def _runs(bench: Workbench, order: ReportOrder, listener: Listener) -> tuple[list[str], list[str]]:
    """The runs to report on and a sentence for each that failed."""
    if order.runs:
        return [str(folder.path.absolute()) for folder in open_runs(bench.settings.runs, order.runs)], []
    from rushlab.flows.driving import drive_all  # a report of runs that are there needs no server's client

    driven = drive_all(bench, order, listener)
    if not driven.runs:
        raise ResultError("No run came to its end", "; ".join(driven.missing))
    return [str(folder.path.absolute()) for folder in driven.runs], driven.missing
