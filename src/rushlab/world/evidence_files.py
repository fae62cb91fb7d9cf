"""Frames on their way to disk: Parquet in chunks, whole or not there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ISSUES = pa.schema(
    [
        ("user_id", pa.int64()),
        ("event_id", pa.int64()),
        ("accepted_at", pa.float64()),
        ("confirmed_at", pa.float64()),
        ("confirmations", pa.int64()),
    ]
)
OUTBOX = pa.schema(
    [
        ("event_id", pa.int64()),
        ("user_id", pa.int64()),
        ("status", pa.int64()),
        ("position", pa.int64()),
        ("sent_at", pa.float64()),
    ]
)
EFFECTS = pa.schema([("event_id", pa.int64())])
TOPIC = pa.schema(
    [
        ("event_id", pa.int64()),
        ("user_id", pa.int64()),
        ("partition", pa.int64()),
        ("offset", pa.int64()),
        ("key", pa.int64()),
    ]
)
#: Where each message that was set aside had been on the topic, and how often it was tried (-1 = not told).
DEAD = pa.schema([("partition", pa.int64()), ("offset", pa.int64()), ("tries", pa.int64())])
#: The stock while the run went, one row per look; null = not to be had at that moment.
SAMPLES = pa.schema(
    [
        ("at", pa.float64()),
        ("issued", pa.int64()),
        ("database_remaining", pa.int64()),
        ("redis_remaining", pa.int64()),
    ]
)
SCHEMAS = {
    "issues": ISSUES,
    "outbox": OUTBOX,
    "topic": TOPIC,
    "effects": EFFECTS,
    "dead": DEAD,
    "samples": SAMPLES,
}


def write_frame(path: Path, schema: pa.Schema, chunks: Iterable[pa.Table]) -> int:
    """Write tables of one schema as one Parquet file, one row group each, and return the number of rows.

    Memory stays at one chunk. Whatever goes wrong on the way (and goes on to the caller), no file is left.
    """
    partial = path.with_name(f".{path.name}.part")
    rows = 0
    try:
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for table in chunks:
                writer.write_table(table)
                rows += table.num_rows
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return rows
