"""`rushlab run`, `ls`, `show`, `audit`, `export`, `ingest`: single runs and what is in them."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushlab.cli.printing import show as show_on_screen

if TYPE_CHECKING:
    from rushlab.show.views import RunView

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
RunArgument = Annotated[str, typer.Argument(help="A run's id, a part of it, its folder, or `last`.")]


class LoadModel(StrEnum):
    CLOSED = "closed"
    OPEN = "open"


class Format(StrEnum):
    HTML = "html"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    for command in (run, ls, show, audit, export, ingest):
        app.command(command.__name__)(command)


def run(
    profile: Annotated[str, typer.Argument(help="Load profile, e.g. load or peak-2000.")],
    variant: Annotated[str, typer.Option(help="Preset of the service's knobs.")] = "recommended",
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="knob=value on top of the preset (repeatable).")
    ] = None,
    model: Annotated[LoadModel, typer.Option(help="closed: virtual users; open: the same shape as arrivals.")] = (
        LoadModel.CLOSED
    ),
    scale: Annotated[str, typer.Option(help="full, demo (a tenth) or a factor on all durations.")] = "full",
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is random in the load.")] = 1,
    backend: Annotated[
        str, typer.Option(help="native: servers as processes of this user; auto: the same so far.")
    ] = "native",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="Break something on purpose (repeatable): kill:redis@3+1, pause:relay@2+2, slow:mariadb@3+4, "
            "slow:redis=0.5@3+4, disk-full:kafka@3+2, rebalance@2+6 or poison@2."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when the verdict is UNKNOWN.")] = False,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
) -> None:
    """Drive one profile against one variant, audit and judge it."""
    from rushlab.cli.listening import TerminalListener
    from rushlab.flows import single
    from rushlab.flows.workbench import Workbench, parse_sets

    bench = Workbench.open()
    order = single.parse_order(
        bench,
        profile,
        variant,
        parse_sets(sets or ()),
        scale=scale,
        model=model.value,
        seed=seed,
        faults=fault or (),
    )
    with TerminalListener(quiet=quiet) as listener:
        folder = single.run_once(bench, order, backend=backend, listener=listener)
    view = single.open_view(folder)
    if as_json:
        _print_json(single.run_json(view))
    else:
        _print_run(view)
        typer.echo(folder.path)
    raise typer.Exit(single.exit_code(view, strict=strict))


def ls(as_json: JsonOption = False) -> None:
    """List all runs, newest first."""
    from rushlab.flows.health import list_runs
    from rushlab.flows.workbench import Workbench
    from rushlab.show import lists

    frame = list_runs(Workbench.open())
    if as_json:
        _print_json({"schema": 1, "runs": json.loads(frame.to_json(orient="records"))})
    else:
        show_on_screen(lists.catalogue(frame))


def show(run: RunArgument, as_json: JsonOption = False) -> None:
    """Show a run: its figures, verdict and audit."""
    from rushlab.flows import single
    from rushlab.flows.workbench import Workbench

    view = single.open_view(single.find_run(Workbench.open(), run))
    if as_json:
        _print_json(single.run_json(view))
    else:
        _print_run(view)


def audit(run: RunArgument, as_json: JsonOption = False) -> None:
    """Audit a run again from its own evidence (exit 5 when an invariant fails)."""
    from rushlab.flows import single
    from rushlab.flows.judging import audit_folder, audit_json
    from rushlab.flows.workbench import Workbench
    from rushlab.model.verdict import ExitCode, Status
    from rushlab.show import lists

    folder = single.find_verified(Workbench.open(), run)
    result = audit_folder(folder)
    if as_json:
        _print_json(audit_json(folder.record, result))
    else:
        show_on_screen(lists.audit(result))
    raise typer.Exit(ExitCode.INVARIANT_FAILED if result.verdict is Status.FAIL else ExitCode.OK)


def export(
    run: Annotated[str, typer.Argument(help="A run's or experiment's id, a part of it, its folder, or `last` (run).")],
    to: Annotated[Format, typer.Option("--to", help="What to write.")] = Format.HTML,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File (csv: folder); default: in the current folder, named after what is exported. "
            "The executed notebook is written beside an HTML page."
        ),
    ] = None,
) -> None:
    """Export one run as HTML, JUnit XML, Markdown, JSON, or CSV of every table; an experiment as HTML or JSON."""
    from rushlab.flows import exporting
    from rushlab.flows.workbench import Workbench

    typer.echo(exporting.export(Workbench.open(), run, to.value, out))


def ingest(
    points: Annotated[Path, typer.Argument(help="k6's JSON output, plain or gz.")],
    summary: Annotated[Path | None, typer.Option(help="k6's summary, for exact rates.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read any k6 JSON output and print k6's figures for it."""
    from rushlab.flows.ingesting import ingest_file
    from rushlab.show import lists

    figures = ingest_file(points, summary)
    if as_json:
        _print_json(figures)
    else:
        show_on_screen(lists.ingest(figures))


def _print_run(view: RunView) -> None:
    from rushlab.flows.studies import study_of
    from rushlab.show import lists, terminal

    show_on_screen(terminal.run_summary(view, study_of(view)))
    if view.run.verdict and view.run.audit:
        show_on_screen(lists.checks([*view.run.verdict.checks, *view.run.audit.invariants]))
        typer.echo(f"{view.run.verdict.validity}: {view.run.verdict.reason}")


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, allow_nan=False))
