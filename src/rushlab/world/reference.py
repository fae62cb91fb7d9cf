"""Reading `data/reference/figures.json`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from rushlab.model.errors import ResultError
from rushlab.model.reference import Reference
from rushlab.world.settings import Settings

#: Where the file lies under a project's root.
PATH = Path("data/reference/figures.json")


def read_reference(path: Path) -> Reference:
    """The report's figures from `path`.

    Raises
    ------
    ResultError
        The file is missing, cannot be read, or does not have the expected form.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Reference)
    except OSError as error:
        raise ResultError(f"The report's figures cannot be read from {path}", error.strerror or str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ResultError(f"{path} does not hold the report's figures", str(error)) from error


def load_reference(settings: Settings) -> Reference:
    """The report's figures of this project (ResultError when they cannot be read)."""
    return read_reference(settings.root / PATH)
