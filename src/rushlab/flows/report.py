"""The main job: drive the report's profiles against each variant and write the report.

data/reports/20261124T150000Z/
    report.html  report.ipynb  report.json  junit.xml  report.md
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rushlab.flows import notebooks
from rushlab.flows.driving import drive_all
from rushlab.flows.studies import gather
from rushlab.flows.workbench import REPORT_PROFILES, Listener, Silent, Workbench, parse_names
from rushlab.judge.thresholds import missed
from rushlab.judge.validity import exit_code
from rushlab.model.errors import ResultError
from rushlab.model.profile import parse_scale
from rushlab.model.verdict import ExitCode
from rushlab.show import markdown
from rushlab.show.junit import junit_xml
from rushlab.show.report_json import report_json
from rushlab.show.views import Study
from rushlab.world.files import check_writable, storage, write_atomic


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
    """Drive (unless runs are given), then write the report's five files into one folder.

    Raises
    ------
    ResultError
        Not one run came to its end, or the notebook failed.
    StorageError
        The folder cannot be written.
    """
    listener = listener or Silent()
    folder = out or bench.settings.reports / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    check_writable(folder)
    names, missing = _runs(bench, order, listener)
    listener.step("writing the report")
    study = gather(bench, names, missing=missing)
    write_report(bench, study, names, folder)
    return ReportResult(folder, study, study_exit_code(study, check=check, strict=strict))


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
    bench = Workbench.open()
    if given := list(runs):
        return gather(bench, given, missing=missing)
    from rushlab.flows.live import NotebookListener

    order = ReportOrder.parse(bench, variants=variants, scale=scale, profiles=profiles)
    names, failed = _runs(bench, order, listener or NotebookListener())
    return gather(bench, names, missing=[*missing, *failed])


def write_report(bench: Workbench, study: Study, runs: list[str], folder: Path) -> None:
    """Execute the report's notebook on `runs` and write every output of it; each file is whole or not there."""
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
    executed = folder / "report.ipynb"
    parameters = {"runs": runs, "missing": study.missing}
    source = bench.settings.root / "notebooks" / "report.ipynb"
    notebooks.execute(source, executed, parameters, root=bench.settings.root)
    write_atomic(folder / "report.html", _page(executed, study))
    for name, kind in (("report.json", "json"), ("junit.xml", "junit"), ("report.md", "markdown")):
        write_atomic(folder / name, _text(study, kind))


def study_exit_code(study: Study, *, check: bool = False, strict: bool = False) -> ExitCode:
    """The study's exit code: a plain report is a study, missed thresholds count with `check` (last variant) only."""
    views = list(study)
    last = list(study.variants.values())[-1].values() if study.variants else ()
    return exit_code(
        validities=[view.validity for view in views],
        audits=[view.audit for view in views],
        threshold_missed=check and any(missed(view.figures.thresholds) for view in last if view.figures),
        strict=strict,
    )


def export_run(bench: Workbench, name: str, kind: str, out: Path | None) -> Path:
    """Write one run as html, junit, markdown or json; the path of the file."""
    study = gather(bench, [name])
    run = next(iter(study)).run.id
    suffix = {"html": "html", "junit": "xml", "markdown": "md", "json": "json"}[kind]
    target = out or Path.cwd() / f"{run}.{suffix}"
    if kind == "html":
        executed = target.with_suffix(".ipynb")
        source = bench.settings.root / "notebooks" / "report.ipynb"
        notebooks.execute(source, executed, {"runs": [name]}, root=bench.settings.root)
        write_atomic(target, _page(executed, study))
        return target
    write_atomic(target, _text(study, kind))
    return target


def _page(executed: Path, study: Study) -> str:
    from rushlab.show import html  # the notebook format's validator takes a second to import

    return html.page(executed, html.Head.of(study))


def _text(study: Study, kind: str) -> str:
    if kind == "junit":
        return junit_xml(study)
    if kind == "markdown":
        return markdown.report(study)
    return json.dumps(report_json(study), indent=1, allow_nan=False) + "\n"


def _runs(bench: Workbench, order: ReportOrder, listener: Listener) -> tuple[list[str], list[str]]:
    """The runs to report on and a sentence for each that failed."""
    if order.runs:
        return list(order.runs), []
    driven = drive_all(bench, order, listener)
    if not driven.runs:
        raise ResultError("No run came to its end", "; ".join(driven.missing))
    return [str(folder.path) for folder in driven.runs], driven.missing
