"""What relay and consumer have in common: settings, signals, the probe, and a loop that outlives its servers."""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Final, Protocol

import pymysql
from kafka.errors import KafkaError
from prometheus_client import REGISTRY

from coupons import gc_pauses, settings
from coupons.errors import BadSetting
from coupons.metrics import Metrics
from coupons.probe import Probe
from coupons.settings import Settings

#: What a server that is away, stuck or restarting raises.
LOST: Final = (pymysql.MySQLError, KafkaError, OSError)
PAUSE_S: Final = 0.5

log = logging.getLogger(__name__)


class Stop:
    """Whether to stop; a signal's handler may set it, where an `Event`'s lock may be held by the interrupted code."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def set(self) -> None:
        """From now on."""
        os.write(self._writer, b"x")

    def is_set(self) -> bool:
        """Whether it was told."""
        return self.wait(0)

    def wait(self, timeout_s: float) -> bool:
        """Pause until told or the time is over; whether it was told."""
        return bool(select.select([self._reader], [], [], timeout_s)[0])

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._reader)
        os.close(self._writer)


class Work(Protocol):
    """One connected life of a relay or consumer; made again after its servers were lost."""

    def round(self) -> float:
        """Do what there is to do; how many seconds to pause before the next round."""

    def close(self) -> None:
        """Let go of the connections."""


class Health:
    """Whether the last round succeeded."""

    def __init__(self) -> None:
        self.ready = False

    def __call__(self) -> bool:
        return self.ready


def run(make: Callable[[Settings, Metrics], Callable[[], Work]]) -> int:
    """Work until SIGTERM or SIGINT; 1 with one sentence when the settings cannot be or the metrics' port is taken.

    `make` registers the metrics and returns how to connect.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its retries are not news; failures arrive as errors
    try:
        told = settings.load(os.environ)
        stop, health = Stop(), Health()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        table = Metrics(REGISTRY)
        connect = make(told, table)
        with gc_pauses.watched(table), Probe(told.host, told.metrics_port, REGISTRY, health):
            live(connect, stop, health)
    except BadSetting as error:
        print(error, file=sys.stderr)  # noqa: T201 - the sentence for the one who started it
        return 1
    return 0


def live(connect: Callable[[], Work], stop: Stop, health: Health) -> None:
    """Connect and work, again and again, until told to stop; a server that is lost costs a pause, not the process."""
    while not stop.is_set():
        try:
            work = connect()
        except LOST as error:
            log.warning("cannot connect: %s", error)
            stop.wait(PAUSE_S)
            continue
        try:
            rounds(work, stop, health)
        except LOST as error:
            log.warning("a server was lost: %s", error)
            stop.wait(PAUSE_S)
        finally:
            health.ready = False
            _close(work)


def rounds(work: Work, stop: Stop, health: Health) -> None:
    """Round after round, until told to stop or a server is lost."""
    while not stop.is_set():
        pause = work.round()
        health.ready = True
        if pause:
            stop.wait(pause)


def _close(work: Work) -> None:
    try:
        work.close()
    except LOST as error:
        log.warning("closing: %s", error)
