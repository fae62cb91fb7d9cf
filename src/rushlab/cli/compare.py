"""`rushlab compare`: which variant is better, and how sure is that."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rushlab.cli.printing import show as show_on_screen
from rushlab.model.errors import UsageError


class Direction(StrEnum):
    LOWER = "lower"
    HIGHER = "higher"


def register(app: typer.Typer) -> None:
    app.command("compare")(compare)


def compare(
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Figures from anywhere: columns block, variant, value, optional order.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The variant to compare with; default: the file's first.")
    ] = None,
    better: Annotated[Direction, typer.Option(help="Which direction is better.")] = Direction.LOWER,
    margin: Annotated[float, typer.Option(help="The smallest change that matters: 0.1 is 10 %.")] = 0.10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare variants over blocks: better, worse, equivalent or inconclusive."""
    if csv is None:
        raise UsageError("There is nothing to compare", "no file is given", "Name one with --csv FILE.")
    _compare_csv(csv, baseline, better, margin, as_json=as_json)


def _compare_csv(csv: Path, baseline: str | None, better: Direction, margin: float, *, as_json: bool) -> None:
    from rushlab.flows.comparing_csv import compare_csv, comparisons_json
    from rushlab.show.comparing import summary

    found = compare_csv(csv, baseline=baseline, better=better.value, margin=margin)
    if as_json:
        typer.echo(json.dumps(comparisons_json(found), indent=1, allow_nan=False))
    else:
        show_on_screen(summary(found))
