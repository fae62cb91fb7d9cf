"""`rushlab tune`, `experiment`, `section-6`: planned experiments, and what they say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushlab.cli.printing import show as show_on_screen

if TYPE_CHECKING:
    from rushlab.flows.tuning import TuneOrder
    from rushlab.flows.workbench import Workbench
    from rushlab.model.experiment_result import ExperimentResult

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    for name, command in (("tune", tune), ("experiment", experiment), ("section-6", section_six)):
        app.command(name)(command)


def tune(
    plan: Annotated[str, typer.Argument(help="A plan's file or name; with --resume also an experiment's id.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the unfinished experiment of this plan.")
    ] = False,
    blocks: Annotated[int | None, typer.Option(help="Blocks instead of the plan's own; 3 is a screening.")] = None,
    scale: Annotated[str | None, typer.Option(help="Scale instead of the plan's own.")] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Drive the winner again in fresh blocks, also where the plan does not.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what it would take.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Start without asking.")] = False,
    backend: Annotated[
        str, typer.Option(help="native: servers as processes of this user; auto: the same so far.")
    ] = "native",
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
) -> None:
    """Drive a planned experiment: every variant once per block, in random order, each from a fresh state."""
    from rushlab.cli.listening import TerminalListener
    from rushlab.flows.tuning import TuneOrder, carry_out
    from rushlab.flows.workbench import Workbench

    bench = Workbench.open()
    order = TuneOrder.parse(bench, plan, resume=resume, blocks=blocks, scale=scale, backend=backend, confirm=confirm)
    _look_ahead(bench, order, silent=(quiet or as_json) and not preview, err=as_json)
    if preview:
        raise typer.Exit
    if sys.stdin.isatty() and not yes:
        typer.confirm("Start?", default=True, abort=True, err=True)
    with TerminalListener(quiet=quiet) as listener:
        tuned = carry_out(bench, order, listener)
    _print(tuned.result, as_json=as_json)
    typer.echo(tuned.page, err=as_json)
    raise typer.Exit(tuned.exit_code)


def experiment(
    name: Annotated[str, typer.Argument(help="An experiment's id, a part of one, its folder, or `last`.")] = "last",
    as_json: JsonOption = False,
) -> None:
    """Show what an experiment found, judged anew from its runs."""
    from rushlab.flows.experiments import exit_code, open_result
    from rushlab.flows.workbench import Workbench

    result = open_result(Workbench.open(), name)
    _print(result, as_json=as_json)
    raise typer.Exit(exit_code(result))


def section_six(
    names: Annotated[
        list[str] | None, typer.Argument(help="Experiments, the main one first; none: the last that tries any.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The page's file; the executed notebook is written beside it.")
    ] = None,
) -> None:
    """Write the page of section 6: every recommendation of the original report with what experiments found."""
    from rushlab.flows.section_six import write_section_six
    from rushlab.flows.workbench import Workbench

    typer.echo(write_section_six(Workbench.open(), names or [], out))


def _look_ahead(bench: Workbench, order: TuneOrder, *, silent: bool, err: bool) -> None:
    """Refuse what cannot be, and say what will be; of an experiment that was begun, what is left of it."""
    from rushlab.flows.previews import preview, preview_of_rest
    from rushlab.show import experiment_terminal

    resumed = order.resumed
    ahead = preview(bench, order.plan) if resumed is None else preview_of_rest(bench, resumed, order.confirm)
    if not silent:
        show_on_screen(experiment_terminal.preview(ahead), err=err)


def _print(result: ExperimentResult, *, as_json: bool) -> None:
    from rushlab.flows.experiments import result_json
    from rushlab.show import experiment_terminal

    if as_json:
        typer.echo(json.dumps(result_json(result), indent=1, allow_nan=False))
    else:
        show_on_screen(experiment_terminal.result(result))
