"""Evidence of a run after the drain: what the audit judges, collected from every server and kept in the folder.

evidence/issues.parquet  outbox.parquet  topic.parquet  effects.parquet  dead.parquet  samples.parquet
evidence/evidence.json (written last)

A source that cannot be read leaves null and a reason; the run goes on, and the audit says UNKNOWN.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd
import pyarrow as pa

from rushlab.model.errors import ResultError
from rushlab.world.evidence_files import SCHEMAS, write_frame
from rushlab.world.files import decoded, storage, write_json

if TYPE_CHECKING:
    from rushlab.world.samples import Sample
    from rushlab.world.stack.backend import Endpoints, Target

FACTS = "evidence.json"
SCHEMA = 1
FRAMES = tuple(SCHEMAS)

#: Knobs that say what was promised, besides the reservation.
KNOBS = ("lock_ttl", "partition_key", "consumer_mode", "workers")

#: What a source gave (facts by name), and why something could not be had (by name).
Found = tuple[dict[str, Any], dict[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What was collected. `frames`: name → frame or None; `facts`: evidence.json, with `reasons` by name."""

    frames: dict[str, pd.DataFrame | None]
    facts: dict[str, Any]

    @property
    def issues(self) -> pd.DataFrame | None:
        """One row per issued coupon, None when the table could not be read."""
        return self.frames["issues"]


def collect(
    endpoints: Endpoints,
    target: Target,
    folder: Path,
    *,
    baseline: Mapping[str, int] | None = None,
    drained: float | None = None,
    undrained: str | None = None,
    samples: Sequence[Sample] | None = None,
) -> None:
    """Collect everything that is known of the target's coupon into `folder`.

    Parameters
    ----------
    baseline
        The service's request counters before the run (after the warm-up), taken off the final ones;
        None = not known, then the service's count of the run is not known either.
    drained
        Epoch second at which every accepted coupon was confirmed; None = the drain timed out.
    undrained
        Why the database could not be asked for that; also the reason of what is then not had of it.
    samples
        The stock while the run went; None = nobody looked.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    from rushlab.world.evidence_database import OF_DATABASE  # who only loads evidence needs no server's client

    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in (FACTS, *(f"{frame}.parquet" for frame in FRAMES)):
            (folder / name).unlink(missing_ok=True)
    facts: dict[str, Any] = {"schema": SCHEMA, "coupon_id": target.coupon_id, "stock_ordered": target.stock}
    facts |= {"reservation": target.knobs.get("reservation"), "collected": time.time()}
    facts |= {knob: target.knobs[knob] for knob in KNOBS if knob in target.knobs}
    reasons: dict[str, str] = {}
    for found, missing in (_drain(drained), *_sources(endpoints, target, folder, baseline, drained)):
        facts |= found
        reasons |= missing
    if undrained:
        reasons |= dict.fromkeys(({"drained", *OF_DATABASE} & set(reasons)), undrained)
    if samples is not None:
        with storage(folder):
            write_frame(folder / "samples.parquet", SCHEMAS["samples"], _sampled(samples))
    write_json(folder / FACTS, facts | {"reasons": reasons})


def load(folder: Path) -> Evidence:
    """What `collect` left in `folder`; frames with int64 ids and epoch seconds (NaN = never).

    Raises
    ------
    ResultError
        No evidence was collected there, or evidence.json is damaged.
    """
    try:
        facts = decoded((folder / FACTS).read_bytes(), dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise ResultError(f"There is no evidence in {folder}", str(error), "Make the run again.") from error
    reasons: dict[str, str] = facts.setdefault("reasons", {})
    return Evidence({name: _frame(folder, name, reasons) for name in FRAMES}, facts)


def _drain(drained: float | None) -> Found:
    return {"drained": drained}, {} if drained is not None else {"drained": "the drain timed out"}


def _sources(
    endpoints: Endpoints, target: Target, folder: Path, baseline: Mapping[str, int] | None, drained: float | None
) -> list[Found]:
    """Facts and reasons of each source, one after the other.

    Committed offsets come first: whatever they pass over must then be among the effects.
    """
    from rushlab.world.evidence_database import collect_database, database_engine
    from rushlab.world.evidence_redis import collect_redis, redis_client
    from rushlab.world.evidence_service import collect_service
    from rushlab.world.evidence_topic import KafkaTopicReader, collect_dead_letters, collect_topic

    engine = database_engine(endpoints.database)
    with closing(redis_client(endpoints.redis)) as client:
        try:
            return [
                _offsets(endpoints, target, drained),
                collect_database(engine, target.coupon_id, folder),
                collect_redis(client, target.coupon_id),
                collect_topic(KafkaTopicReader(endpoints.kafka), target.topic, target.coupon_id, folder),
                collect_dead_letters(KafkaTopicReader(endpoints.kafka), target.topic, folder),
                collect_service(target.metrics.get("service", ()), baseline),
            ]
        finally:
            engine.dispose()


def _sampled(samples: Sequence[Sample]) -> Iterator[pa.Table]:
    if samples:
        yield pa.Table.from_pylist([one._asdict() for one in samples], schema=SCHEMAS["samples"])


def _offsets(endpoints: Endpoints, target: Target, drained: float | None) -> Found:
    """Only where something is still on its way do the offsets tell more than the tables."""
    if drained is None:
        from rushlab.world.evidence_topic import collect_offsets

        return collect_offsets(endpoints.kafka, target.group, target.topic)
    return {"group_offsets": None}, {"group_offsets": "everything had drained"}


def _frame(folder: Path, name: str, reasons: dict[str, str]) -> pd.DataFrame | None:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        reasons.setdefault(name, "it was not collected")
        return None
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (OSError, pa.ArrowException) as error:
        reasons[name] = f"{path.name} is damaged ({error})"
        return None
