"""V5: lateness against response times, memory, swap; on one machine never a plain pass."""

from __future__ import annotations

import pytest

from rushlab.judge.starved import GeneratorFacts, generator_not_starved
from rushlab.model.verdict import Status


def facts(late: float | None = 2.0, request: float | None = 100.0, **more: object) -> GeneratorFacts:
    known: dict[str, object] = {"memory_share": 0.5, "swapped_bytes": 0.0, "shared": False}
    return GeneratorFacts(lateness_ms=late, request_ms=request, **(known | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("late", "request_ms", "status"),
    [
        (2.0, 100.0, Status.PASS),
        (-0.3, 100.0, Status.PASS),
        (11.0, 100.0, Status.WARN),
        (9.0, 10.0, Status.WARN),  # most of it, but fewer than 10 ms
        (49.0, 100.0, Status.WARN),
        (51.0, 100.0, Status.FAIL),
        (None, 100.0, Status.UNKNOWN),
        (2.0, None, Status.UNKNOWN),
    ],
)
def test_lateness_is_held_against_the_p95(late: float | None, request_ms: float | None, status: Status) -> None:
    assert generator_not_starved(facts(late, request_ms)).status is status


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"memory_share": 0.91}, Status.FAIL),
        ({"swapped_bytes": 4096.0}, Status.FAIL),
        ({"memory_share": None}, Status.UNKNOWN),
        ({"swapped_bytes": None}, Status.UNKNOWN),
        ({"shared": True}, Status.WARN),
    ],
)
def test_memory_swap_and_a_shared_machine(more: dict[str, object], status: Status) -> None:
    assert generator_not_starved(facts(**more)).status is status


def test_a_shared_machine_is_told_who_used_its_cpu() -> None:
    cpu_s = {"host": 100.0, "k6": 40.0, "service": 25.0, "mariadb": 10.0, "kafka": 9.0, "relay": 1.0, "redis": 0.5}
    told = generator_not_starved(facts(shared=True, cpu_s=cpu_s, waiting=0.5)).evidence
    assert "CPU time: k6 40%, service 25%, mariadb 10%, kafka 9%, relay 1%" in told
    assert "0.50 threads waited" in told
    assert "split of the CPU is not known" in generator_not_starved(facts(shared=True)).evidence


def test_a_warning_by_the_rule_for_one_machine_has_the_rule_in_its_limit() -> None:
    assert "on one machine with the service never better than WARN" in generator_not_starved(facts(shared=True)).limit
    assert "one machine" not in generator_not_starved(facts()).limit
