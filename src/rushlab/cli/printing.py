"""Where the command line prints: as wide as the terminal, wide enough for whole rows elsewhere."""

from __future__ import annotations

from rich.console import Console, RenderableType

#: Columns in files and pipes, where nothing needs to be folded.
WIDE = 220


def show(what: RenderableType, *, err: bool = False) -> None:
    """Print a table or text on standard output, or on standard error."""
    console = Console(stderr=err)
    if not console.is_terminal:
        console = Console(width=WIDE, stderr=err)
    console.print(what)
