"""`rushlab`: the command line. Commands live in one module per noun and import what is heavy late."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper

import typer
from rich.console import Console

from rushlab import __version__
from rushlab.cli import compare, experiments, report, runs, stack, tools
from rushlab.model.errors import Interrupted, RushlabError

app = typer.Typer(
    name="rushlab",
    help="A workbench for performance analysis: starts the coupon service, drives it with k6, judges and reports.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (report, runs, experiments, compare, stack, tools):
    module.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rushlab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and end."
    ),
) -> None:
    pass


def _interrupt(number: int, frame: object) -> None:
    """A closed terminal or a polite kill ends the work like Ctrl-C: the stack is stopped, what is whole is kept."""
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; an error is one sentence on standard error and its exit code."""
    _hear_signals()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a file's name that is no UTF-8 is printed as it is
    try:
        app(prog_name="rushlab")
    except RushlabError as error:
        _say(error.sentence)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == Interrupted.exit_code:  # Typer's for a KeyboardInterrupt, of which it says nothing
            _say("Interrupted. What was whole is kept.")
        raise


def _hear_signals() -> None:
    """What was started to outlive its terminal (nohup) has the signal ignored, and keeps it so."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _say(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"rushlab: {sentence}", markup=False)
