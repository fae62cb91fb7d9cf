"""The load profiles of `k6/profiles.json`, the one file that k6 and the workbench both read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import msgspec

from rushlab.model.errors import UsageError
from rushlab.model.profile import Profile
from rushlab.world.files import decoded


class HasRoot(Protocol):
    """Settings, as far as this module needs them."""

    @property
    def root(self) -> Path: ...


class _Table(msgspec.Struct):
    schema: int
    pause_s: float
    thresholds: dict[str, list[str]]
    profiles: dict[str, dict[str, Any]]


def load_profiles(settings: HasRoot) -> dict[str, Profile]:
    """Every profile by name, in the file's order.

    Raises
    ------
    UsageError
        The file is not there or does not say what a profile must.
    """
    path = settings.root / "k6" / "profiles.json"
    try:
        table = decoded(path.read_bytes(), _Table)
        return {name: _profile(name, entry, table) for name, entry in table.profiles.items()}
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise UsageError(f"The profiles cannot be read from {path}", str(error)) from error


def _profile(name: str, entry: dict[str, Any], table: _Table) -> Profile:
    stages = [{"duration_s": seconds, "target": vus} for seconds, vus in entry.get("stages", [])]
    common = {"name": name, "pause_s": table.pause_s, "thresholds": table.thresholds}
    return msgspec.convert(common | entry | {"stages": stages}, Profile)
