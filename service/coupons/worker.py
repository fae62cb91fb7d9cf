"""What relay and consumer have in common: settings, signals, the probe, and a loop that outlives its servers."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from threading import Event
from typing import Final, Protocol

import pymysql
from kafka.errors import KafkaError
from prometheus_client import REGISTRY

from coupons import settings
from coupons.errors import BadSetting
from coupons.metrics import Metrics
from coupons.probe import Probe
from coupons.settings import Settings

#: What a server that is away, stuck or restarting raises.
LOST: Final = (pymysql.MySQLError, KafkaError, OSError)
PAUSE_S: Final = 0.5

log = logging.getLogger(__name__)


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
    """Work until SIGTERM or SIGINT; 1 with one sentence when the settings cannot be.

    `make` registers the metrics and returns how to connect.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its retries are not news; failures arrive as errors
    try:
        told = settings.load(os.environ)
    except BadSetting as error:
        print(error, file=sys.stderr)  # noqa: T201 - the sentence for the one who started it
        return 1
    stop, health = Event(), Health()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    connect = make(told, Metrics(REGISTRY))
    with Probe(told.host, told.metrics_port, REGISTRY, health):
        live(connect, stop, health)
    return 0


def live(connect: Callable[[], Work], stop: Event, health: Health) -> None:
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


def rounds(work: Work, stop: Event, health: Health) -> None:
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
