"""Names of run and experiment folders: when it began, what it is, four digits that keep names apart and in order."""

from __future__ import annotations

import re
import time
from pathlib import Path


def identity(created: float, *labels: str) -> str:
    """A folder's name, as `20261124T141530Z-load-recommended-1f3a`.

    Parameters
    ----------
    created
        When it was made, seconds since 1970 (UTC). The last four digits are the second's fraction, in 65,536ths,
        so that names made within one second are told apart, by machines too, in the order in which they were made.
    labels
        What it is; signs that a file's name does not bear become hyphens.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(created))
    words = [re.sub(r"[^A-Za-z0-9._=-]+", "-", label)[:60] for label in labels]
    return "-".join([stamp, *words, f"{int(created % 1 * 0x10000):04x}"])


def when_made(folder: Path) -> tuple[str, str, str]:
    """The key that sorts folders by the time in their names: oldest first."""
    return folder.name[:16], folder.name[-4:], folder.name
