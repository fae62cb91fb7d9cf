"""Knobs and presets, read from the service's own `knobs.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from rushlab.model.variant import Knob, KnobTable, KnobValue
from rushlab.world.files import read_json
from rushlab.world.settings import Settings


class _File(msgspec.Struct):
    knobs: dict[str, dict[str, Any]]
    presets: dict[str, dict[str, KnobValue]]


def knobs_file(settings: Settings) -> Path:
    return settings.root / "service" / "coupons" / "knobs.json"


def load_knobs(settings: Settings) -> KnobTable:
    """The table of all knobs and presets (ResultError when the file is missing or damaged)."""
    content = read_json(knobs_file(settings), _File)
    knobs = {name: msgspec.convert({"name": name, **fields}, Knob) for name, fields in content.knobs.items()}
    return KnobTable(knobs, content.presets)
