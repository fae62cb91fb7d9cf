"""What every marked process costs, told by name; others are not looked at."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry
from tests.world.stack.children import WAIT, python, started

from rushlab.world.stack.process_exporter import StackProcesses, run_delay
from rushlab.world.stack.processes import Processes


def test_a_process_of_the_stack_is_told_by_name_and_is_gone_when_it_ends(processes: Processes) -> None:
    registry = CollectorRegistry()
    registry.register(StackProcesses(processes.home))
    running = started(processes, python("consumer-0", WAIT))
    labels = {"process": "consumer-0"}
    assert registry.get_sample_value("rushlab_process_cpu_seconds_total", labels) is not None
    assert (registry.get_sample_value("rushlab_process_resident_bytes", labels) or 0) > 1_000_000
    assert registry.get_sample_value("rushlab_process_start_time_seconds", labels) == running.started
    processes.stop([running])
    assert registry.get_sample_value("rushlab_process_cpu_seconds_total", labels) is None


def test_the_machine_is_told_as_well(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(StackProcesses(tmp_path))
    assert (registry.get_sample_value("rushlab_host_cpu_seconds_total") or 0) > 0
    assert registry.get_sample_value("rushlab_host_memory_available_bytes")


def test_the_wait_for_a_cpu_grows_and_is_unknown_for_a_process_that_is_gone() -> None:
    assert run_delay(os.getpid()) is not None
    assert run_delay(2**22 + 1) is None
