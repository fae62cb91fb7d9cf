"""Where the command line prints: as wide as the terminal, wide enough for whole rows elsewhere."""

from __future__ import annotations

from rich.console import Console, RenderableType

#: Columns in files and pipes, where nothing needs to be folded.
WIDE = 220


def show(what: RenderableType) -> None:
    """Print a table or text on standard output."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    console.print(what)
