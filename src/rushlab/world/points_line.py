"""One line of k6's JSON output: what it may be, and what is wrong with one that is not.

This is the slow reading, for naming a bad line; points_reader holds the same rules as SQL.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

#: Longest line that is looked at; k6's are about 250 bytes.
MAX_LINE_BYTES = 2**20
MAX_NAME_BYTES = 1024
MAX_TAGS_BYTES = 2**16

TOO_LONG = f"it is longer than {MAX_LINE_BYTES >> 20} MiB"


class _Line(Struct):
    metric: str
    type: Literal["Point", "Metric"]
    data: msgspec.Raw


class _Point(Struct):
    time: str
    value: float
    tags: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class SubMetric(Struct):
    """A sub-metric that k6 makes: its name and the tags that its points carry."""

    name: str
    tags: dict[str, str] | None = None


class Declaration(Struct):
    """What a Metric line says of a metric."""

    name: str
    type: Literal["counter", "gauge", "rate", "trend"]
    submetrics: list[SubMetric] | None = None


_line_decoder = msgspec.json.Decoder(_Line)
_point_decoder = msgspec.json.Decoder(_Point)
_metric_decoder = msgspec.json.Decoder(Declaration)


def declaration_of(text: str) -> Declaration:
    """The `data` of a Metric line (msgspec.DecodeError or RecursionError when it is none)."""
    return _metric_decoder.decode(text)


def fault_of(line: bytes) -> str | None:
    """What is wrong with one line of k6's JSON output; None when nothing is."""
    if len(line) > MAX_LINE_BYTES:
        return TOO_LONG
    try:
        return _fault_of_entry(_line_decoder.decode(line.strip()))
    except msgspec.ValidationError as error:
        return f"it is not a k6 point ({error})"
    except msgspec.DecodeError as error:
        return f"it is not JSON ({str(error).removeprefix('JSON is malformed: ')})"
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    except RecursionError:
        return "it is nested too deeply"


def _fault_of_entry(entry: _Line) -> str | None:
    if len(entry.metric.encode()) > MAX_NAME_BYTES:
        return f"its metric's name is longer than {MAX_NAME_BYTES} bytes"
    return _fault_of_metric(entry) if entry.type == "Metric" else _fault_of_point(entry.data)


def _fault_of_metric(entry: _Line) -> str | None:
    if _metric_decoder.decode(entry.data).name != entry.metric:
        return "it declares another metric than it names"
    return None


def _fault_of_point(data: msgspec.Raw) -> str | None:
    point = _point_decoder.decode(data)
    try:
        datetime.fromisoformat(point.time)
    except ValueError:
        return f"its time {point.time[:40]!r} is not RFC 3339"
    for name, part in (("tags", point.tags), ("metadata", point.metadata)):
        if part is not None and len(msgspec.json.encode(part)) > MAX_TAGS_BYTES:
            return f"its {name} are larger than {MAX_TAGS_BYTES >> 10} KiB"
    return None
