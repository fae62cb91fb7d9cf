"""`rushlab compare`: which variant is better, and how sure is that."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushlab.cli.printing import show as show_on_screen
from rushlab.model.errors import UsageError

if TYPE_CHECKING:
    from rushlab.model.comparison import Comparison


class Direction(StrEnum):
    LOWER = "lower"
    HIGHER = "higher"


def register(app: typer.Typer) -> None:
    app.command("compare")(compare)
    app.command("baseline")(baseline)


def compare(
    first: Annotated[
        str | None, typer.Argument(help="A run, an experiment, or EXPERIMENT:ARM; with --baseline NAME what is judged.")
    ] = None,
    second: Annotated[str | None, typer.Argument(help="What is held against the first.")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Figures from anywhere: columns block, variant, value, optional order.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="With --csv the variant to compare with (default: the file's first); else a named baseline."),
    ] = None,
    better: Annotated[Direction, typer.Option(help="Which direction is better (--csv).")] = Direction.LOWER,
    margin: Annotated[float, typer.Option(help="The smallest change that matters: 0.1 is 10 % (--csv).")] = 0.10,
    anyway: Annotated[bool, typer.Option("--anyway", help="Compare what differs in host, load or versions.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare variants over blocks: better, worse, equivalent, inconclusive; with --baseline NAME exit 3 if worse."""
    if csv is not None:
        _refuse_both(first)
        _compare_csv(csv, baseline, better, margin, as_json=as_json)
    elif baseline is not None and first is not None and second is None:
        _compare_named(baseline, first, anyway=anyway, as_json=as_json)
    elif first is not None and second is not None and baseline is None:
        _compare_two(first, second, anyway=anyway, as_json=as_json)
    else:
        why = "that takes two of run, experiment and EXPERIMENT:ARM, or --baseline NAME and one of them, or --csv FILE"
        raise UsageError("There is nothing to compare", why)


def baseline(
    name: Annotated[str, typer.Argument(help="The name to keep it under.")],
    subject: Annotated[str, typer.Argument(help="A run, or EXPERIMENT:ARM.")],
    metric: Annotated[
        str | None, typer.Option(help="What it is held to; default: the experiment's, or accept_p95_ms.")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="The smallest change that matters; default: 0.1.")] = None,
) -> None:
    """Keep a run or an arm as a named baseline, for `compare --baseline NAME`."""
    from rushlab.flows.comparing import name_subject
    from rushlab.flows.workbench import Workbench

    kept = name_subject(Workbench.open(), name, subject, metric=metric, margin=margin)
    typer.echo(f"{name}: {kept.subject} by {kept.metric}, margin {kept.margin:.0%}")


def _refuse_both(first: str | None) -> None:
    if first is not None:
        raise UsageError(f"{first!r} cannot be compared with a file", "--csv takes everything from its file")


def _compare_two(first: str, second: str, *, anyway: bool, as_json: bool) -> None:
    from rushlab.flows.comparing import compare_subjects
    from rushlab.flows.workbench import Workbench

    found = compare_subjects(Workbench.open(), first, second, anyway=anyway)
    _print(found.comparisons, found.facts, as_json=as_json)
    raise typer.Exit(found.exit_code)


def _compare_named(name: str, subject: str, *, anyway: bool, as_json: bool) -> None:
    from rushlab.flows.comparing import compare_named
    from rushlab.flows.workbench import Workbench

    found, code = compare_named(Workbench.open(), name, subject, anyway=anyway)
    _print((found,), as_json=as_json)
    raise typer.Exit(code)


def _compare_csv(csv: Path, baseline: str | None, better: Direction, margin: float, *, as_json: bool) -> None:
    from rushlab.flows.comparing_csv import compare_csv

    _print(compare_csv(csv, baseline=baseline, better=better.value, margin=margin), as_json=as_json)


def _print(found: tuple[Comparison, ...], facts: tuple[str, ...] = (), *, as_json: bool) -> None:
    from rushlab.flows.comparing_csv import comparisons_json
    from rushlab.show.comparing import summary

    if as_json:
        typer.echo(json.dumps(comparisons_json(found), indent=1, allow_nan=False))
    else:
        show_on_screen(summary(found, facts))
