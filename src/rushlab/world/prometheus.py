"""Prometheus's series of a run: asked for in chunks after the drain, kept as series.parquet and series.json.

The frame has one row per value: name (of model.series, or `up`), labels (JSON object), at (epoch seconds), value
(NaN where the query has no number, as a mean of nothing). A scrape that failed has no row: a gap stays a gap.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec
import pandas as pd
import pyarrow as pa
import requests

from rushlab.model.errors import ResultError, StackError
from rushlab.model.series import EXPORTERS_S, OWN_S, SERIES, Series, SeriesFacts
from rushlab.world.evidence_files import write_frame
from rushlab.world.files import read_json, storage, write_json

FRAME: Final = "series.parquet"
FACTS: Final = "series.json"
#: Prometheus refuses more than 11,000 points per series and query.
MOST_POINTS: Final = 10_000
#: More lines than any series of ours can have: something else answers under its name.
MOST_LINES: Final = 300
TIMEOUT_S: Final = 10.0
COLUMNS: Final = pa.schema(
    [("name", pa.string()), ("labels", pa.string()), ("at", pa.float64()), ("value", pa.float64())]
)

#: Whether the scrapes themselves succeeded, by step: our own processes, and the exporters.
UP: Final = {
    OWN_S: 'last_over_time(up{job="coupons"}[1500ms])',
    EXPORTERS_S: 'last_over_time(up{job="exporters"}[7500ms])',
}


def collect(url: str, begin: float, end: float, folder: Path, table: Sequence[Series] = SERIES) -> SeriesFacts:
    """Ask for every series of `table` from `begin` to `end` (epoch seconds) and write both files into `folder`.

    What cannot be had is a reason in the facts, never an error: a run needs no Prometheus.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    begin = math.floor(begin / EXPORTERS_S) * EXPORTERS_S  # the same slots for every step
    rows: list[pa.Table] = []
    missing: dict[str, str] = {}
    offset, reason = None, None
    with requests.Session() as session:
        session.trust_env = False
        ask = Questions(session, url)
        try:
            offset = ask.clock_offset()
            for name, query, step in _wanted(table):
                found, why = ask.lines(query, begin, end, step)
                rows += [_rows(name, labels, values) for labels, values in found]
                if why:
                    missing[name] = why
        except StackError as error:
            rows, reason = [], error.sentence
    facts = SeriesFacts(begin=begin, end=end, clock_offset_s=offset, reason=reason, missing=missing)
    with storage(folder / FRAME):
        write_frame(folder / FRAME, COLUMNS, rows)
    write_json(folder / FACTS, facts)
    return facts


def load(folder: Path) -> tuple[pd.DataFrame | None, SeriesFacts | None]:
    """What `collect` left in a run's folder: the frame and its facts; None for what an older run does not have.

    Raises
    ------
    ResultError
        A file is damaged.
    """
    if not (folder / FACTS).is_file():
        return None, None
    facts = read_json(folder / FACTS, SeriesFacts)
    if facts.reason is not None:
        return None, facts
    try:
        return pd.read_parquet(folder / FRAME, engine="pyarrow"), facts
    except (OSError, pa.ArrowException) as error:
        raise ResultError(f"{folder / FRAME} is damaged", str(error)) from error


def _wanted(table: Sequence[Series]) -> Iterator[tuple[str, str, float]]:
    """Name, query and step (s) of everything that is asked for."""
    for step, query in UP.items():
        yield "up", query, step
    for series in table:
        yield series.name, series.promql, series.every_s


def _rows(name: str, labels: Mapping[str, str], values: Sequence[tuple[float, float]]) -> pa.Table:
    told = json.dumps(dict(sorted(labels.items())), ensure_ascii=False)
    columns = {
        "name": [name] * len(values),
        "labels": [told] * len(values),
        "at": [at for at, _ in values],
        "value": [value for _, value in values],
    }
    return pa.table(columns, schema=COLUMNS)


Line = tuple[dict[str, str], list[tuple[float, float]]]


class _Line(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Matrix(msgspec.Struct):
    result: list[_Line]


class _Scalar(msgspec.Struct):
    result: tuple[float, str]


class _Refusal(msgspec.Struct):
    """Prometheus's answer to what it cannot do."""

    error: str


_Data = TypeVar("_Data", _Matrix, _Scalar)


class _Answer(msgspec.Struct, Generic[_Data]):
    data: _Data


class Questions:
    """What Prometheus is asked, over one session."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")

    def clock_offset(self) -> float:
        """Seconds by which Prometheus's clock is ahead of ours, give or take half of what the question took."""
        before = time.time()
        answer = self._get("query", {"query": "time()"}, _Answer[_Scalar])
        after = time.time()
        if isinstance(answer, _Refusal):
            raise StackError("Prometheus refuses to answer", answer.error[:300])
        return float(answer.data.result[1]) - (before + after) / 2

    def lines(self, query: str, begin: float, end: float, step: float) -> tuple[list[Line], str]:
        """Every line of a query as labels and (at, value) in time order, and why there is none (else empty).

        Raises
        ------
        StackError
            Prometheus does not answer.
        """
        lines: dict[str, Line] = {}
        for first, last in _chunks(begin, end, step):
            asked: dict[str, str | float] = {"query": query, "start": first, "end": last, "step": step}
            answer = self._get("query_range", asked, _Answer[_Matrix])
            if isinstance(answer, _Refusal):
                return [], f"Prometheus refuses the query: {answer.error[:300]}"
            for found in answer.data.result:
                _, values = lines.setdefault(json.dumps(found.metric, sort_keys=True), (found.metric, []))
                values += [(at, _number(value)) for at, value in found.values]
            if len(lines) > MOST_LINES:
                return [], f"more than {MOST_LINES} lines under this name"
        return list(lines.values()), "" if lines else "nothing exported it, or too few scrapes"

    def _get(
        self, path: str, parameters: Mapping[str, str | float], kind: type[_Answer[_Data]]
    ) -> _Answer[_Data] | _Refusal:
        url = f"{self._url}/api/v1/{path}"
        try:
            reply = self._session.post(url, data=parameters, timeout=TIMEOUT_S)
            if reply.ok:
                return msgspec.json.decode(reply.content, type=kind)
            return msgspec.json.decode(reply.content, type=_Refusal)
        except requests.Timeout as error:
            raise StackError("Prometheus does not answer", f"nothing within {TIMEOUT_S:g} s from {url}") from error
        except requests.RequestException as error:
            raise StackError("Prometheus does not answer", f"no connection to {url}") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise StackError(
                "Prometheus does not answer", f"HTTP {reply.status_code} from {url} is none of its answers"
            ) from error


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _chunks(begin: float, end: float, step: float) -> Iterator[tuple[float, float]]:
    """First and last moment of each question; together every slot from `begin` to `end`, each once."""
    slots = math.floor((end - begin) / step) + 1
    for first in range(0, slots, MOST_POINTS):
        last = min(first + MOST_POINTS, slots) - 1
        yield begin + first * step, begin + last * step
