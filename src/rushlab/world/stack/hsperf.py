"""What a Java process says of itself in shared memory: the file that `jstat` reads, at no cost to the process.

HotSpot keeps its counters in `/tmp/hsperfdata_<user>/<pid>` (layout: perfMemory.hpp of the JDK, version 2.0): a
prologue of 32 bytes, then one entry per counter.
"""

from __future__ import annotations

import os
import pwd
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

FOLDER: Final = Path("/tmp")
_MAGIC: Final = b"\xca\xfe\xc0\xc0"
_PROLOGUE: Final = struct.Struct("4sBBBBiiqii")
_ENTRY: Final = struct.Struct("iiiBBBBi")
_LONG: Final = ord("J")


class Collector(Struct, frozen=True):
    """One of the garbage collector's kinds of pause."""

    name: str
    pauses: int
    seconds: float


class Jvm(Struct, frozen=True):
    """Counters of a Java process since its start; `heap_bytes` is as of its last collection."""

    collectors: tuple[Collector, ...]
    heap_bytes: int
    safepoint_seconds: float
    threads: int


def read(pid: int, folder: Path = FOLDER) -> Jvm | None:
    """The counters of a Java process of this user; None when it keeps none, or is just starting or ending."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        raw = (folder / f"hsperfdata_{user}" / str(pid)).read_bytes()
        return _jvm(dict(_entries(raw)))
    except (KeyError, OSError, ValueError, struct.error):
        return None


def _entries(raw: bytes) -> Iterator[tuple[str, int | str]]:
    magic, little, major, _, accessible, *_, offset, count = _PROLOGUE.unpack_from(raw)
    # "=": in this machine's byte order, which is the writer's; the magic alone is always big-endian.
    if magic != _MAGIC or not little or major != 2 or not accessible:
        raise ValueError("not a HotSpot counter file of this machine")
    for _ in range(count):
        length, name_at, size, kind, _, _, _, data_at = _ENTRY.unpack_from(raw, offset)
        if length <= 0:
            raise ValueError("an entry without a length")
        name = _text(raw, offset + name_at)
        if size:
            yield name, _text(raw, offset + data_at)
        elif kind == _LONG:
            yield name, struct.unpack_from("q", raw, offset + data_at)[0]
        offset += length


def _text(raw: bytes, start: int) -> str:
    return raw[start : raw.index(b"\0", start)].decode("utf-8", "replace")


def _jvm(found: Mapping[str, int | str]) -> Jvm:
    ticks = int(found["sun.os.hrt.frequency"])
    return Jvm(
        collectors=tuple(_collectors(found, ticks)),
        heap_bytes=sum(int(value) for name, value in found.items() if _is_heap(name)),
        safepoint_seconds=int(found["sun.rt.safepointTime"]) / ticks,
        threads=int(found["java.threads.live"]),
    )


def _collectors(found: Mapping[str, int | str], ticks: int) -> Iterator[Collector]:
    place = 0
    while f"sun.gc.collector.{place}.name" in found:
        prefix = f"sun.gc.collector.{place}"
        pauses, time = int(found[f"{prefix}.invocations"]), int(found[f"{prefix}.time"])
        yield Collector(str(found[f"{prefix}.name"]), pauses, time / ticks)
        place += 1


def _is_heap(name: str) -> bool:
    return name.startswith("sun.gc.generation.") and ".space." in name and name.endswith(".used")
