"""A fresh state between runs: nothing of the last run is left, the service runs with the next one's knobs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import redis

from rushlab.model.errors import RushlabError, StackError
from rushlab.model.variant import Variant
from rushlab.world.service import create_coupon
from rushlab.world.stack import database, logs, topics
from rushlab.world.stack.backend import Step, Target
from rushlab.world.stack.interpreter import python_command, python_environment
from rushlab.world.stack.ports import HOST, PortBook
from rushlab.world.stack.processes import Launch, Processes
from rushlab.world.stack.servers.base import Site
from rushlab.world.stack.servers.coupons import (
    CouponProcess,
    Wiring,
    connections,
    consumer_names,
    coupon_processes,
    wiring,
)
from rushlab.world.stack.servers.prometheus import Prometheus
from rushlab.world.stack.servers.prometheus import Target as ScrapeTarget
from rushlab.world.stack.starting import bring_up, with_free_ports

ROLES = ("service", "relay", "consumer")


def fresh_state(
    site: Site, book: PortBook, processes: Processes, variant: Variant, *, stock: int, step: Step
) -> Target:
    """Empty database and Redis, a new topic and group, service processes with the variant's knobs, one coupon.

    Raises
    ------
    StackError
        A server refused, or a process of the service did not come up.
    """
    begun = time.monotonic()
    stop_last_run(processes)
    topic = topics.new_name()
    wired = wiring(variant, stock=stock, topic=topic, group=f"coupon-confirm-{topic.removeprefix(topics.PREFIX)}")
    _empty_servers(site, processes, wired)
    run = with_free_ports(lambda: _start(site, book, processes, wired, step))
    try:
        target = _target(run, wired, stock)
    except RushlabError:
        stop_last_run(processes)
        raise
    step(f"fresh state for {variant.name} in {time.monotonic() - begun:.1f} s (topic {topic})")
    return target


def processes_of(site: Site, book: PortBook, target: Target) -> Sequence[CouponProcess]:
    """The service's processes as the reset that made `target` started them."""
    wired = Wiring(knobs=dict(target.knobs), topic=target.topic, group=target.group)
    return coupon_processes(site, wired, book.remembered())


def stop_last_run(processes: Processes) -> None:
    """End service, relay and consumers; each finishes what it has accepted."""
    last = [one for one in processes.found() if one.name.partition("-")[0] in ROLES]
    processes.stop(last, grace_s=10)


def _start(site: Site, book: PortBook, processes: Processes, wired: Wiring, step: Step) -> Sequence[CouponProcess]:
    run = coupon_processes(site, wired, _ports(book, wired, step))
    Prometheus(site).aim("coupons", _scraped(run))  # early: Prometheus takes seconds to notice
    bring_up(run, processes, _silent)
    return run


def _empty_servers(site: Site, processes: Processes, wired: Wiring) -> None:
    database.empty(site)
    schema = Launch(
        name="schema",
        command=python_command("coupons.schema"),
        environment=python_environment(site.root) | connections(site),
    )
    making = processes.start(schema)  # it starts up while Redis and Kafka are at work
    _flush_redis(site)
    topics.fresh_topic(site.ports["kafka"], wired.topic, partitions=int(wired.knobs["partitions"]))
    processes.await_end(making, timeout_s=30)
    logs.shorten(processes.logs)


def _flush_redis(site: Site) -> None:
    try:
        with redis.Redis(host=HOST, port=site.ports["redis"], socket_timeout=10) as client:
            client.flushall()
    except redis.RedisError as error:
        raise StackError("Redis cannot be emptied", str(error), "See: rushlab logs redis") from error


def _ports(book: PortBook, wired: Wiring, step: Step) -> dict[str, int]:
    names = ("service", "service-metrics", "relay", *consumer_names(wired.knobs))
    workers = int(wired.knobs.get("workers", 1))
    ports = {
        name: book.choose(name, step, keep=True, room=workers if name == "service-metrics" else 1) for name in names
    }
    book.remember()
    return ports


def _target(run: Sequence[CouponProcess], wired: Wiring, stock: int) -> Target:
    base = f"http://{HOST}:{run[0].port}"
    return Target(
        service=base,
        coupon_id=create_coupon(base, stock),
        stock=stock,
        topic=wired.topic,
        group=wired.group,
        metrics={role: tuple(url for one in run if one.role == role for url in one.metrics) for role in ROLES},
        knobs=dict(wired.knobs),
    )


def _scraped(run: Sequence[CouponProcess]) -> list[ScrapeTarget]:
    return [
        ScrapeTarget(address=_address(url), role=one.role, instance=_instance(one, worker))
        for one in run
        for worker, url in enumerate(one.metrics)
    ]


def _address(url: str) -> str:
    return url.removeprefix("http://").partition("/")[0]


def _instance(one: CouponProcess, worker: int) -> str:
    return one.name if len(one.metrics) == 1 else f"{one.name}-{worker}"


def _silent(text: str) -> None:
    """The steps of one reset are told in one line."""
