"""What the points say of the load generator: its lateness, what it dropped, and the answers second by second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rushlab.world.points import ingest
from rushlab.world.points_load import dropped, lateness_p95, outcomes_per_second

START = 1_795_528_800.0  # 2026-11-24 14:00:00 UTC
KINDS = {
    "http_req_duration": "trend",
    "http_req_blocked": "trend",
    "iteration_duration": "trend",
    "iterations": "counter",
    "dropped_iterations": "counter",
}


def point(metric: str, value: float, second: float, *, user: int | None = None, status: int = 201) -> str:
    whole, micro = divmod(round(second * 1e6), 1_000_000)
    data = {"time": f"2026-11-24T14:00:{whole:02d}.{micro:06d}Z", "value": value, "tags": {"status": str(status)}}
    return json.dumps(
        {"type": "Point", "metric": metric, "data": data | ({"metadata": {"user": str(user)}} if user else {})}
    )


def iteration(
    user: int | None, *, late_ms: float, took_ms: float = 20.0, status: int = 201, end: float = 1.0
) -> list[str]:
    """An iteration with a pause of 1 s: its request, then its own length."""
    total = took_ms + 5.0 + 1000.0 + late_ms
    return [
        point("http_req_duration", took_ms, end, user=user, status=status),
        point("http_req_blocked", 5.0, end, user=user, status=status),
        point("iteration_duration", total, end + 1.1, user=user),
        point("iterations", 1, end + 1.1, user=user),
    ]


@pytest.fixture
def ingested(tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(*lines: str) -> Path:
        source, target = tmp_path / "points.json", tmp_path / "points.parquet"
        told = [
            json.dumps({"type": "Metric", "metric": name, "data": {"name": name, "type": kind, "submetrics": None}})
            for name, kind in KINDS.items()
        ]
        source.write_text("\n".join([*told, *lines]) + "\n")
        ingest(source, target)
        return target

    return make


def test_lateness_is_what_neither_pause_nor_request_account_for(ingested) -> None:  # type: ignore[no-untyped-def]
    lines = [line for user in range(1, 22) for line in iteration(user, late_ms=float(user))]
    assert lateness_p95(ingested(*lines), 1.0) == pytest.approx(20.0)


def test_users_who_asked_twice_are_left_out(ingested) -> None:  # type: ignore[no-untyped-def]
    lines = [*iteration(1, late_ms=1.0), *iteration(2, late_ms=1.0)]
    twice = [*iteration(3, late_ms=500.0), *iteration(3, late_ms=500.0, end=3.0)]
    assert lateness_p95(ingested(*lines, *twice), 1.0) == pytest.approx(1.0)


def test_points_that_name_no_users_tell_no_lateness(ingested) -> None:  # type: ignore[no-untyped-def]
    assert lateness_p95(ingested(*iteration(None, late_ms=3.0)), 1.0) is None
    assert lateness_p95(ingested(*iteration(1, late_ms=3.0), *iteration(None, late_ms=3.0) * 3), 1.0) is None


def test_dropped_iterations_are_counted(ingested) -> None:  # type: ignore[no-untyped-def]
    lines = iteration(1, late_ms=0.0)
    assert dropped(ingested(*lines)) == (0, 1)
    assert dropped(ingested(*lines, point("dropped_iterations", 7, 1.0))) == (7, 1)


def test_answers_count_in_the_second_in_which_they_came(ingested) -> None:  # type: ignore[no-untyped-def]
    lines = [
        *iteration(1, late_ms=0.0, end=0.2),
        *iteration(2, late_ms=0.0, end=0.9),
        *iteration(3, late_ms=0.0, end=2.1, status=410),
        *iteration(4, late_ms=0.0, end=2.2, status=0),
    ]
    names = {201: "issued", 410: "sold_out", 0: "failed"}
    frame = outcomes_per_second(ingested(*lines), START, lambda status: names[status])
    assert list(frame.itertuples(index=False, name=None)) == [(0, "issued", 2), (2, "failed", 1), (2, "sold_out", 1)]
