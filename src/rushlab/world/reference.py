"""Reading `data/reference/`: the original report's figures and its guesses."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from rushlab.model.errors import ResultError
from rushlab.model.guess import GuessList
from rushlab.model.reference import Reference
from rushlab.world.files import decoded

Content = TypeVar("Content", Reference, GuessList)

#: Where the file lies under a project's root.
PATH = Path("data/reference/figures.json")


def read_reference(path: Path) -> Reference:
    """The report's figures from `path`, and its guesses from `guesses.json` beside it.

    Raises
    ------
    ResultError
        A file is missing, cannot be read, or does not have the expected form.
    """
    figures = _read(path, Reference, "figures")
    listed = _read(path.with_name("guesses.json"), GuessList, "guesses")
    return replace(figures, guesses=listed.guesses, problems=listed.problems)


def _read(path: Path, kind: type[Content], what: str) -> Content:
    try:
        return decoded(path.read_bytes(), kind)
    except OSError as error:
        raise ResultError(f"The report's {what} cannot be read from {path}", error.strerror or str(error)) from error
    except msgspec.DecodeError as error:
        raise ResultError(f"{path} does not hold the report's {what}", str(error)) from error
