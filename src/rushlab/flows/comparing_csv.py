"""`rushlab compare --csv`: figures from anywhere, judged as our own experiments are.

One line per run: block, variant, value, and optionally order (numbers of the sequence, or times).
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from rushlab.judge.comparison import Question, compare
from rushlab.model.comparison import Comparison
from rushlab.model.errors import UsageError
from rushlab.model.metric import Better
from rushlab.model.plan import MARGIN

NEEDED = ("block", "variant", "value")
#: A line per run makes no file of this size; a line per request does, and requests are no runs.
MOST_BYTES = 5_000_000
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MISSING = {"", "na", "nan", "null", "none"}


def compare_csv(
    source: Path, *, baseline: str | None = None, better: Better = "lower", margin: float = MARGIN
) -> tuple[Comparison, ...]:
    """Every variant of the file against `baseline` (None: the variant of its first line), by name.

    Raises
    ------
    UsageError
        The file cannot be read as such a table, or what it holds cannot be compared.
    """
    runs = read_runs(source)
    chosen = str(runs["variant"].iloc[0]) if baseline is None else baseline
    return compare(Question(runs, chosen, better=better, margin=margin))


def comparisons_json(found: Sequence[Comparison]) -> dict[str, Any]:
    """The comparisons as JSON values (shape: docs/schemas/comparisons.schema.json)."""
    return {"schema": 1, "comparisons": msgspec.to_builtins(found)}


def read_runs(source: Path) -> pd.DataFrame:
    """One row per line of the file: block, variant, value (NaN where there is none), order if it has that column."""
    lines = _lines(_text(source), source)
    columns = _columns(next(lines, (0, []))[1], source)
    rows = {number: _row(cells, columns, number, source) for number, cells in lines}
    if not rows:
        raise UsageError(f"{source} holds no run", "it has no line below its first")
    frame = pd.DataFrame(list(rows.values()))
    if "order" not in columns:
        return frame
    return frame.assign(order=_order({number: row["order"] for number, row in rows.items()}, source))


def _text(source: Path) -> str:
    try:
        with source.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{source} cannot be read", error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{source} is no UTF-8 text", f"byte {error.start} is not") from None
    if len(content) > MOST_BYTES:
        why = f"it has more than {MOST_BYTES / 1e6:.0f} MB, and a line per run never makes so many"
        raise UsageError(f"{source} is no table of runs", why, "Reduce the requests of each run to one figure.")
    if "\0" in text:
        raise UsageError(f"{source} is no text", "it holds NUL")
    return text


def _lines(text: str, source: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line that is not empty."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise UsageError(f"Line {reader.line_num} of {source} is no CSV", str(error)) from None


def _columns(head: Sequence[str], source: Path) -> list[str]:
    columns = [cell.lower() for cell in head]
    if len(columns) == 1 and ";" in columns[0]:
        raise UsageError(f"{source} is separated by semicolons", "columns are separated by commas, with decimal points")
    for name in NEEDED:
        if name not in columns:
            there = ", ".join(_short(cell) for cell in columns[:8]) or "nothing"
            raise UsageError(f"{source} has no column {name!r}", f"its first line has {there}")
    for name in (*NEEDED, "order"):
        if columns.count(name) > 1:
            raise UsageError(f"{source} has two columns {name!r}", "each is needed once")
    return columns


def _row(cells: Sequence[str], columns: Sequence[str], number: int, source: Path) -> dict[str, Any]:
    if len(cells) != len(columns):
        raise UsageError(
            f"Line {number} of {source} has {len(cells)} cells", f"its first line has {len(columns)} columns"
        )
    row: dict[str, Any] = {name: cells[columns.index(name)] for name in (*NEEDED, "order") if name in columns}
    for name in ("block", "variant"):
        if not row[name]:
            raise UsageError(f"Line {number} of {source} has no {name}", "every run needs one")
    return row | {"value": _value(row["value"], number, source)}


def _value(text: str, number: int, source: Path) -> float:
    if text.lower() in MISSING:
        return math.nan
    value = float(text) if NUMBER.fullmatch(text) else None
    if value is None or not 0 < value < math.inf:
        why = "it is not a number" if value is None else "a ratio needs finite values above zero"
        raise UsageError(f"Value {_short(text)} in line {number} of {source} cannot be compared", why)
    return value


def _order(texts: Mapping[int, str], source: Path) -> list[Any]:
    """Numbers or times of the lines, all of one kind; None where the order is not known."""
    read = {number: _place(text) for number, text in texts.items() if text.lower() not in MISSING}
    for number, place in read.items():
        if place is None:
            why = "the order is a number, or a date and time as in 2026-11-24T18:00:00Z"
            raise UsageError(f"Order {_short(texts[number])} in line {number} of {source} is not known", why)
    if len({type(place) for place in read.values()}) > 1:
        raise UsageError(f"The order in {source} mixes numbers and times", "no sequence follows from that")
    return [read.get(number) for number in texts]


def _place(text: str) -> float | pd.Timestamp | None:
    """A number or a moment; None for anything else, also for words that stand for a moment (`now`) or for none."""
    if NUMBER.fullmatch(text):
        return float(text) if math.isfinite(float(text)) else None
    try:
        moment = pd.Timestamp(text) if DATE.match(text) else None
        return None if moment is None else moment.tz_localize("UTC") if moment.tz is None else moment.tz_convert("UTC")
    except (ValueError, TypeError):
        return None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
