"""Processes that are not the same ones afterwards, and the kernel's count of those it killed."""

from __future__ import annotations

from pathlib import Path

from rushlab.world.stack.backend import ServerStatus
from rushlab.world.surroundings import Surroundings, out_of_memory_kills


def servers(**pids: int | None) -> list[ServerStatus]:
    return [ServerStatus(name=name, state="running", pid=pid, port=None, version=None) for name, pid in pids.items()]


def test_processes_that_ended_began_or_are_others_are_named_and_k6_is_not() -> None:
    looks = [servers(kafka=1, redis=2, relay=3), servers(kafka=1, redis=20, k6=9, consumer=4, relay=None)]
    with Surroundings(lambda: looks.pop(0)) as around:
        pass
    assert around.facts["restarted"] == ["consumer", "redis", "relay"]


def test_a_stack_that_names_no_process_is_not_known_to_be_the_same() -> None:
    with Surroundings(list) as around:
        pass
    assert around.facts["restarted"] is None


def test_the_kernels_count_is_read_where_there_is_one(tmp_path: Path) -> None:
    vmstat = tmp_path / "vmstat"
    assert out_of_memory_kills(vmstat) is None
    vmstat.write_text("nr_free_pages 1\noom_kill 3\n")
    assert out_of_memory_kills(vmstat) == 3
    vmstat.write_text("nr_free_pages 1\n")
    assert out_of_memory_kills(vmstat) is None
