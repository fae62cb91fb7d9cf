"""Every message of a run's topic, from its beginning to where it ended when reading began."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol

import msgspec
import pyarrow as pa
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from rushlab.world.evidence_files import DEAD, TOPIC, write_frame

#: Event and user of a message that could not be read; key of one that is no id.
UNREADABLE = -1
#: What the service appends to the topic's name for messages that it sets aside.
DEAD_LETTERS = "-dead"
#: Reading ends without a result when no message has come for this long.
STALLED_S = 15.0
POLL_MS = 500
BOOTSTRAP_MS = 10_000
CHUNK_MESSAGES = 10_000


class Message(NamedTuple):
    """One message: where it is, its value and key as bytes (None = there is none), its headers."""

    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class TopicReader(Protocol):
    """Reads a whole topic once."""

    partitions: int | None

    def read(self, topic: str) -> Iterator[list[Message]]:
        """Batches of messages until the end of every partition.

        Raises
        ------
        KafkaError
            The broker does not answer, has no such topic, or stopped sending.
        OSError
            The broker cannot be reached.
        """


class KafkaTopicReader:
    """Reads from a broker, without a group, so that nothing of it is changed."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self.partitions: int | None = None

    def read(self, topic: str) -> Iterator[list[Message]]:
        """See `TopicReader.read`."""
        _ask(self._bootstrap)
        consumer = KafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_poll_records=CHUNK_MESSAGES,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            bootstrap_timeout_ms=BOOTSTRAP_MS,
            metrics_enabled=False,
        )
        try:
            yield from self._read(consumer, topic)
        finally:
            consumer.close()

    def _read(self, consumer: Any, topic: str) -> Iterator[list[Message]]:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise KafkaError(f"there is no topic {topic}")
        self.partitions = len(numbers)
        parts = [TopicPartition(topic, number) for number in sorted(numbers)]
        consumer.assign(parts)
        begin, end = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
        for part in parts:
            consumer.seek(part, begin[part])
        yield from _until(consumer, {part: offset for part, offset in end.items() if offset > begin[part]})


def collect_offsets(bootstrap: str, group: str, topic: str) -> tuple[dict[str, Any], dict[str, str]]:
    """How far a consumer group has committed each partition of a topic as done.

    Returns
    -------
    tuple
        `{"group_offsets": {partition: offset}}` (no entry = nothing committed), null with its reason
        when the broker does not tell.
    """
    try:
        _ask(bootstrap)
        client = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=BOOTSTRAP_MS)
        try:
            committed = client.list_group_offsets(group)[group]
        finally:
            client.close()
    except (KafkaError, OSError) as error:
        reason = f"the group's offsets could not be read ({error or type(error).__name__})"
        return {"group_offsets": None}, {"group_offsets": reason}
    offsets = {str(part.partition): at.offset for part, at in committed.items() if part.topic == topic}
    return {"group_offsets": offsets}, {}


def _ask(bootstrap: str) -> None:
    """OSError at once when nobody listens: the client would retry, and leave its sockets open."""
    host, _, port = bootstrap.rpartition(":")
    socket.create_connection((host, int(port)), timeout=BOOTSTRAP_MS / 1000).close()


def _until(consumer: Any, ends: dict[Any, int]) -> Iterator[list[Message]]:
    """Poll until the position of every partition has reached its end."""
    last_news = time.monotonic()
    while ends:
        records = consumer.poll(timeout_ms=POLL_MS)
        batch = [
            Message(record.partition, record.offset, record.value, record.key, record.headers)
            for part, messages in records.items()
            for record in messages
            if record.offset < ends.get(part, 0)
        ]
        if batch:
            last_news = time.monotonic()
            yield batch
        elif time.monotonic() - last_news > STALLED_S:
            left = sum(end - consumer.position(part) for part, end in ends.items())
            raise KafkaError(f"{left} messages did not come within {STALLED_S:g} s")
        ends = {part: end for part, end in ends.items() if consumer.position(part) < end}


Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class _Event(msgspec.Struct):
    """What a message must say to be an event (the service's own definition, written down a second time)."""

    event_id: Id
    coupon_id: Id
    user_id: Id
    accepted_at: Annotated[datetime, msgspec.Meta(tz=True)]


_decode = msgspec.json.Decoder(_Event).decode


def collect_topic(
    reader: TopicReader, topic: str, coupon_id: int, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    """Write the coupon's messages (and all that cannot be read) as Parquet.

    Returns
    -------
    tuple
        `{"topic", "partitions"}` and, by name, why something could not be had.
    """
    reasons: dict[str, str] = {}
    try:
        write_frame(folder / "topic.parquet", TOPIC, _tables(reader.read(topic), coupon_id))
    except (KafkaError, OSError, OverflowError) as error:
        reasons["topic"] = f"the topic could not be read ({error or type(error).__name__})"
    if reader.partitions is None:
        reasons["partitions"] = reasons.get("topic", "the broker did not say")
    return {"topic": topic, "partitions": reader.partitions}, reasons


def collect_dead_letters(reader: TopicReader, topic: str, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Write as Parquet where each message that was set aside had been on the topic, and how often it was tried.

    No facts; a reason when it cannot be had.
    """
    try:
        batches = reader.read(f"{topic}{DEAD_LETTERS}")
        tables = (pa.table(_columns([_origin(one) for one in batch], DEAD), schema=DEAD) for batch in batches if batch)
        write_frame(folder / "dead.parquet", DEAD, tables)
    except (KafkaError, OSError, OverflowError) as error:
        return {}, {"dead": f"the dead-letter topic could not be read ({error or type(error).__name__})"}
    return {}, {}


def _origin(letter: Message) -> tuple[int, ...]:
    """Partition, offset and tries that a dead letter's headers name, each UNREADABLE where they do not."""
    told = dict(letter.headers)
    return tuple(_number(told.get(name)) for name in DEAD.names)


def _number(digits: bytes | None) -> int:
    number = int(digits) if digits and digits.isdigit() and len(digits) < 20 else UNREADABLE
    return number if number < 2**63 else UNREADABLE


def _tables(batches: Iterable[list[Message]], coupon_id: int) -> Iterator[pa.Table]:
    for batch in batches:
        rows = [row for message in batch if (row := _row(message, coupon_id)) is not None]
        if rows:
            yield pa.table(_columns(rows, TOPIC), schema=TOPIC)


def _columns(rows: Sequence[tuple[int, ...]], schema: pa.Schema) -> list[pa.Array]:
    return [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]


def _row(message: Message, coupon_id: int) -> tuple[int, int, int, int, int] | None:
    """Event, user, partition, offset and key of a message; None when it is another coupon's."""
    try:
        event = _decode(message.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UNREADABLE, UNREADABLE, message.partition, message.offset, _number(message.key)
    if event.coupon_id != coupon_id:
        return None
    return event.event_id, event.user_id, message.partition, message.offset, _number(message.key)
