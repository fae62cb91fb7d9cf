"""What is wrong with a points file: told from its first bytes, its last ones, or line by line.

The fast path (points_reader) only learns that something is wrong; here it is found out what, with the
number of the line, and what is whole of a cut file is saved.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from msgspec import Struct

from rushlab.model.errors import PointsError
from rushlab.world.points_line import MAX_LINE_BYTES, TOO_LONG, fault_of

Compression = Literal["gzip", "none"]

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_CHUNK = 2**18
#: Bytes of text at a time: what comes before damage within a block is lost with it.
_BLOCK = 2**16


class Probe(Struct, frozen=True, kw_only=True):
    """A file that begins as k6's JSON output does; `cut` when a plain one ends within a line."""

    compression: Compression
    cut: bool = False
    warnings: tuple[str, ...] = ()


def probe(source: Path) -> Probe:
    """Look at both ends of `source` (PointsError when it is missing, empty or not k6's JSON output)."""
    try:
        if not (source.is_file() or source.is_dir()) and source.exists():
            raise PointsError(f"{source} is a pipe or a device", "the points are read more than once", "Give a file.")
        with source.open("rb") as file:
            first = file.read(2)
            if not first:
                raise PointsError(f"{source} is empty", "k6 wrote no points into it")
            compression: Compression = "gzip" if first == _GZIP_MAGIC else "none"
        _require_k6(source, compression)
        return Probe(compression=compression) if compression == "gzip" else _probe_end(source)
    except OSError as error:
        raise PointsError(f"{source} cannot be read", error.strerror or str(error)) from error


def salvage(source: Path, compression: Compression, target: Path) -> bool:
    """Write the whole lines of `source`, uncompressed, to `target`; True when its end was cut off.

    Raises
    ------
    PointsError
        The gzip stream is damaged before its end.
    """
    rest = b""
    blocks = _Blocks(source, compression)
    with target.open("wb") as file:
        for block in blocks:
            end = block.rfind(b"\n") + 1
            if end:
                file.write(rest)
                file.write(block[:end])
                rest = b""
            rest += block[end:]
            if len(rest) > MAX_LINE_BYTES:
                raise _bad_line(source, _lines_in(target) + 1, TOO_LONG)
        if rest and fault_of(rest) is None:
            file.write(rest + b"\n")
            rest = b""
    if blocks.damage is not None:
        raise _bad_line(source, *(_first_bad(target) or (_lines_in(target) + 1, blocks.damage)))
    return bool(rest) or blocks.cut


def is_intact(source: Path) -> bool:
    """Whether a gzip file is whole and its checksums agree."""
    blocks = _Blocks(source, "gzip")
    for _ in blocks:
        pass
    return blocks.damage is None and not blocks.cut


def blame(source: Path, lines: Path, found: Exception) -> PointsError:
    """The error for a file whose (uncompressed) `lines` could not be read: its first bad line, and why."""
    bad = _first_bad(lines)
    if bad is not None:
        return _bad_line(source, *bad)
    return PointsError(f"{source} cannot be read as k6's points", str(found).partition("\n")[0])


def _require_k6(source: Path, compression: Compression) -> None:
    """PointsError unless the first line that is not empty is one of k6's."""
    blocks = _Blocks(source, compression)
    start = b""
    for block in blocks:
        start = (start + block).removeprefix(_BOM).lstrip()
        if b"\n" in start or len(start) > MAX_LINE_BYTES:
            break
    line, whole, _ = start.partition(b"\n")
    if blocks.damage is not None and not whole:
        raise _bad_line(source, 1, blocks.damage)
    if not line:
        raise PointsError(f"{source} is empty", "there is no line in it")
    fault = fault_of(line)
    if fault is None:
        return
    if not whole and len(line) <= MAX_LINE_BYTES and _is_start_of_k6(line):
        raise PointsError(f"{source} is cut within its first line", do="There is nothing in it to keep.")
    raise PointsError(f"{source} is not k6's JSON output", f"line 1: {fault}", _advice(start))


def _is_start_of_k6(line: bytes) -> bool:
    return re.match(rb'\{\s*"(type"\s*:\s*"(Metric|Point)|metric"\s*:\s*")', line) is not None


def _advice(start: bytes) -> str:
    if start.startswith(b"metric_name,"):
        return "It looks like k6's CSV: run k6 with --out json=points.json.gz."
    if b'"root_group"' in start or b'"metrics"' in start:
        return "It looks like k6's summary: give that with --summary, beside the points of --out json=…."
    return "Give the file that `k6 run --out json=points.json.gz` writes."


def _probe_end(source: Path) -> Probe:
    """How a plain file ends: with a line end, with a whole line, or within a line."""
    last = _last_line(source)
    if last == b"":
        return Probe(compression="none")
    if fault_of(last) is None:
        return Probe(compression="none", warnings=("the last line has no line end: k6 may have been killed there",))
    return Probe(compression="none", cut=True)


def _last_line(source: Path) -> bytes:
    """What stands after the last line end (at most a little more than the longest line)."""
    with source.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - MAX_LINE_BYTES - 2))
        return file.read().rpartition(b"\n")[2].strip()


class _Blocks:
    """The bytes of a file in blocks, uncompressed; afterwards `cut` and `damage` say how it ended."""

    def __init__(self, source: Path, compression: Compression) -> None:
        self._source = source
        self._compression = compression
        self.cut = False
        self.damage: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        with self._source.open("rb") as file:
            if self._compression == "none":
                yield from iter(lambda: file.read(_CHUNK), b"")
            else:
                yield from self._inflate(file)

    def _inflate(self, file: IO[bytes]) -> Iterator[bytes]:
        """All members of a gzip file, each with its checksum; zeros after the last one are padding."""
        stream = zlib.decompressobj(31)
        data = file.read(_CHUNK)
        try:
            while data:
                if stream.eof:
                    stream = zlib.decompressobj(31)
                yield stream.decompress(data, _BLOCK)
                data = stream.unconsumed_tail or stream.unused_data.lstrip(b"\0") or file.read(_CHUNK)
                if stream.eof:
                    data = data.lstrip(b"\0") or file.read(_CHUNK).lstrip(b"\0")
            self.cut = not stream.eof
        except zlib.error as error:
            self.damage = f"the gzip stream is damaged there or later ({error})"


def _first_bad(lines: Path) -> tuple[int, str] | None:
    """Number of the first bad line and what is wrong with it."""
    faults = ((number, fault_of(line)) for number, line in _numbered(lines))
    return next(((number, fault) for number, fault in faults if fault is not None), None)


def _numbered(lines: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty with their numbers from 1; one over the limit comes cut and ends it."""
    rest, number = b"", 0
    for block in _Blocks(lines, "none"):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            number += 1
            if line.strip():
                yield number, line.removeprefix(_BOM) if number == 1 else line
        if len(rest) > MAX_LINE_BYTES:
            break
    if rest.strip():
        yield number + 1, rest


def _lines_in(file: Path) -> int:
    return sum(block.count(b"\n") for block in _Blocks(file, "none"))


def _bad_line(source: Path, number: int, fault: str) -> PointsError:
    return PointsError(f"{source} is damaged in line {number}", fault, "A file with a bad inner line is not used.")
