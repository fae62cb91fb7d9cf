"""`python -m rushlab.world.stack.process_exporter HOME PORT`: what every process of a stack costs, for Prometheus.

Database, Redis, broker and load generator do not tell their own CPU time and memory. This program asks the kernel, for
every process that carries the mark of the folder, and the broker's JVM by its shared counters. It only looks.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import psutil
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rushlab.world.stack import hsperf
from rushlab.world.stack.marks import Running
from rushlab.world.stack.ports import HOST
from rushlab.world.stack.processes import Processes

NANOSECONDS: Final = 1e9


class StackProcesses(Collector):
    """CPU time, memory, wait for a CPU, and start of each process; pauses and heap of the Java ones."""

    def __init__(self, home: Path) -> None:
        self._processes = Processes(home)

    def collect(self) -> Iterable[Metric]:
        """Read when Prometheus asks."""
        found = self._processes.found()
        return [*_costs(found), *_virtual_machines(found), *_host()]


def _costs(found: Iterable[Running]) -> Iterator[Metric]:
    cpu = CounterMetricFamily("rushlab_process_cpu_seconds_total", "CPU time of a process", labels=["process"])
    memory = GaugeMetricFamily("rushlab_process_resident_bytes", "Resident memory of a process", labels=["process"])
    waited = CounterMetricFamily(
        "rushlab_process_run_delay_seconds_total",
        "Time its threads were ready and waited for a CPU",
        labels=["process"],
    )
    started = GaugeMetricFamily("rushlab_process_start_time_seconds", "When a process began", labels=["process"])
    for one in found:
        try:
            process = psutil.Process(one.pid)
            with process.oneshot():
                times = process.cpu_times()
                memory.add_metric([one.name], process.memory_info().rss)
                cpu.add_metric([one.name], times.user + times.system)
                started.add_metric([one.name], one.started)
        except psutil.NoSuchProcess:
            continue
        if (delay := run_delay(one.pid)) is not None:
            waited.add_metric([one.name], delay)
    yield from (cpu, memory, waited, started)


def run_delay(pid: int) -> float | None:
    """Seconds that the living threads of a process waited for a CPU; None where the kernel does not tell."""
    total = 0
    try:
        for task in os.scandir(f"/proc/{pid}/task"):
            total += int(Path(task.path, "schedstat").read_text("ascii").split()[1])
    except (OSError, IndexError):
        return None
    return total / NANOSECONDS


def _virtual_machines(found: Iterable[Running]) -> Iterator[Metric]:
    labels = ["process", "collector"]
    pauses = CounterMetricFamily("rushlab_jvm_gc_pauses_total", "Pauses of a JVM's garbage collector", labels=labels)
    seconds = CounterMetricFamily("rushlab_jvm_gc_seconds_total", "Time in those pauses", labels=labels)
    heap = GaugeMetricFamily("rushlab_jvm_heap_bytes", "Heap in use at the last collection", labels=["process"])
    for one in found:
        jvm = hsperf.read(one.pid)
        if jvm is None:
            continue
        heap.add_metric([one.name], jvm.heap_bytes)
        for collector in jvm.collectors:
            pauses.add_metric([one.name, collector.name], collector.pauses)
            seconds.add_metric([one.name, collector.name], collector.seconds)
    yield from (pauses, seconds, heap)


def _host() -> Iterator[Metric]:
    times, memory, swap = psutil.cpu_times(), psutil.virtual_memory(), psutil.swap_memory()
    busy = sum(times[:3]) + sum(getattr(times, name, 0.0) for name in ("irq", "softirq"))  # user, nice, system
    yield CounterMetricFamily("rushlab_host_cpu_seconds_total", "CPU time in use on the whole machine", value=busy)
    yield GaugeMetricFamily("rushlab_host_memory_total_bytes", "Memory of the machine", value=memory.total)
    yield GaugeMetricFamily("rushlab_host_memory_available_bytes", "Memory still to be had", value=memory.available)
    yield CounterMetricFamily(
        "rushlab_host_swapped_bytes_total", "Bytes swapped in and out", value=swap.sin + swap.sout
    )


def main(home: str, port: str) -> int:
    """Answer until SIGTERM."""
    registry = CollectorRegistry()
    registry.register(StackProcesses(Path(home)))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server, thread = start_http_server(int(port), HOST, registry)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.shutdown()
    server.server_close()
    thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
