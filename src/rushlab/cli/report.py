"""`rushlab report`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rushlab.cli.printing import show as show_on_screen


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    variants: Annotated[str, typer.Option(help="Presets to drive, comma-separated.")] = "report,recommended",
    scale: Annotated[str, typer.Option(help="full, demo (a tenth) or a factor on all durations.")] = "demo",
    profiles: Annotated[str, typer.Option(help="Profiles, comma-separated; default: the report's six.")] = "",
    repeat: Annotated[int, typer.Option(min=1, max=50, help="Runs of each profile; the median one is shown.")] = 1,
    backend: Annotated[
        str, typer.Option(help="native: servers as processes of this user; auto: the same so far.")
    ] = "native",
    from_runs: Annotated[
        list[str] | None,
        typer.Option(
            "--from", help="Report on this run, or all runs in this folder, instead of driving load (repeatable)."
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 3 when the last variant misses a threshold.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when a run's verdict is UNKNOWN.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; default data/reports/<time>.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
) -> None:
    """Drive the report's profiles against each variant and write the report (HTML, notebook, JSON, JUnit)."""
    from rushlab.cli.listening import TerminalListener
    from rushlab.flows import report as flow
    from rushlab.flows.workbench import Workbench
    from rushlab.show import terminal

    bench = Workbench.open()
    order = flow.ReportOrder.parse(
        bench, variants=variants, scale=scale, profiles=profiles, repeat=repeat, backend=backend, runs=from_runs or ()
    )
    with TerminalListener(quiet=quiet) as listener:
        result = flow.make_report(bench, order, out=out, check=check, strict=strict, listener=listener)
    show_on_screen(terminal.report_summary(result.study))
    typer.echo(result.folder / "report.html")
    raise typer.Exit(result.exit_code)
