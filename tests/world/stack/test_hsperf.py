"""A JVM's shared counters are read as HotSpot lays them out, and anything else is no counters."""

from __future__ import annotations

import getpass
import struct
from pathlib import Path

import pytest

from rushlab.world.stack import hsperf

COUNTERS: dict[str, int | str] = {
    "sun.os.hrt.frequency": 1_000_000_000,
    "java.threads.live": 84,
    "sun.rt.safepointTime": 114_143_290,
    "sun.gc.collector.0.name": "G1 young collection pauses",
    "sun.gc.collector.0.invocations": 7,
    "sun.gc.collector.0.time": 86_298_227,
    "sun.gc.collector.1.name": "G1 full collection pauses",
    "sun.gc.collector.1.invocations": 0,
    "sun.gc.collector.1.time": 0,
    "sun.gc.generation.0.space.0.used": 58_720_256,
    "sun.gc.generation.0.space.0.capacity": 67_108_872,
    "sun.gc.generation.1.space.0.used": 167_393_792,
}


def entry(name: str, value: int | str) -> bytes:
    label = name.encode() + b"\0"
    label += b"\0" * (-len(label) % 8)
    data = struct.pack("q", value) if isinstance(value, int) else value.encode() + b"\0"
    size = 0 if isinstance(value, int) else len(data)
    kind = ord("J") if isinstance(value, int) else ord("B")
    length = 20 + len(label) + len(data)
    return struct.pack("iiiBBBBi", length, 20, size, kind, 0, 1, 1, 20 + len(label)) + label + data


def written(folder: Path, content: bytes) -> Path:
    own = folder / f"hsperfdata_{getpass.getuser()}"
    own.mkdir()
    (own / "4711").write_bytes(content)
    return folder


def counters() -> bytes:
    entries = [entry(name, value) for name, value in COUNTERS.items()]
    return struct.pack("4sBBBBiiqii", b"\xca\xfe\xc0\xc0", 1, 2, 0, 1, 0, 0, 0, 32, len(entries)) + b"".join(entries)


def test_pauses_heap_and_threads_are_read(tmp_path: Path) -> None:
    jvm = hsperf.read(4711, written(tmp_path, counters()))
    assert jvm is not None
    young, full = jvm.collectors
    assert (young.name, young.pauses) == ("G1 young collection pauses", 7)
    assert young.seconds == pytest.approx(0.086298227)
    assert (full.pauses, full.seconds) == (0, 0.0)
    assert jvm.heap_bytes == 58_720_256 + 167_393_792
    assert jvm.threads == 84
    assert jvm.safepoint_seconds == pytest.approx(0.11414329)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 32768, counters()[:60], counters().replace(b"sun.os.hrt.frequency", b"sun.os.hrt.fraquency")],
    ids=["empty", "not yet filled", "cut", "without its clock"],
)
def test_what_cannot_be_read_is_no_counters(tmp_path: Path, content: bytes) -> None:
    assert hsperf.read(4711, written(tmp_path, content)) is None


def test_a_process_without_the_file_has_none(tmp_path: Path) -> None:
    assert hsperf.read(4711, tmp_path) is None
