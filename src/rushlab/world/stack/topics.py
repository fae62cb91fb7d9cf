"""Topics of a run: made fresh, those of earlier runs deleted."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from rushlab.model.errors import StackError
from rushlab.world.stack.ports import HOST

PREFIX = "coupon-issued-"
#: Where the consumers put messages that cannot be applied (the service appends this to the topic's name).
DEAD = "-dead"


@contextmanager
def _admin(port: int) -> Iterator[KafkaAdminClient]:
    client = None
    try:
        client = KafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", bootstrap_timeout_ms=5000)
        yield client
    except KafkaError as error:
        raise StackError(
            "The run's topic cannot be made", str(error), "Look into kafka's log: rushlab logs kafka"
        ) from error
    finally:
        if client is not None:
            client.close()


def new_name() -> str:
    """A topic name no earlier run had."""
    return f"{PREFIX}{secrets.token_hex(3)}"


def fresh_topic(port: int, name: str, *, partitions: int) -> None:
    """Make the topic and its dead-letter topic, wait until both can be used, delete those of earlier runs.

    Raises
    ------
    StackError
        The broker refused or did not answer.
    """
    with _admin(port) as admin:
        old = [topic for topic in admin.list_topics() if topic.startswith(PREFIX)]
        wanted = {name: partitions, f"{name}{DEAD}": 1}
        admin.create_topics(
            [NewTopic(topic, num_partitions=count, replication_factor=1) for topic, count in wanted.items()]
        )
        admin.wait_for_topics(list(wanted), timeout_ms=10_000)
        if old:
            admin.delete_topics(old)
