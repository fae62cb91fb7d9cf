"""Several results from one call, shown one below the other in a notebook and in the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading between results."""

    text: str
    level: int = 3

    def _repr_markdown_(self) -> str:
        return f"{'#' * self.level} {escape(self.text)}"


@dataclass(frozen=True, slots=True)
class Several:
    """Results in order; each displays itself as if its own cell had returned it."""

    items: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for item in self.items:
            display(item)  # type: ignore[no-untyped-call]  # IPython leaves display untyped


def escape(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|<>~&$" else sign for sign in text)
