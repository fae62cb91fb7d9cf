"""The time that iterations spent in a window, from literal points."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rushlab.world.points import ingest
from rushlab.world.points_laws import mean_within

START = 1_795_528_800.0  # 2026-11-24 14:00:00 UTC


@pytest.fixture
def ingested(tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(*iterations: tuple[float, float]) -> Path:
        """Points of iterations, given by their begin and end in seconds."""
        declared = {"name": "iteration_duration", "type": "trend", "submetrics": None}
        lines = [{"type": "Metric", "metric": "iteration_duration", "data": declared}]
        for begin, end in iterations:
            data = {"time": f"2026-11-24T14:00:{end:09.6f}Z", "value": (end - begin) * 1000, "tags": {}}
            lines.append({"type": "Point", "metric": "iteration_duration", "data": data})
        source, target = tmp_path / "points.json", tmp_path / "points.parquet"
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        ingest(source, target)
        return target

    return make


def within(parquet: Path, *windows: tuple[float, float]) -> list[float | None]:
    return mean_within(parquet, [(START + begin, START + end) for begin, end in windows])


def test_an_iteration_counts_with_its_part_in_the_window(ingested) -> None:  # type: ignore[no-untyped-def]
    parquet = ingested((0.0, 2.0), (1.0, 3.0), (9.0, 10.0))
    assert within(parquet, (0, 4), (1, 2), (2, 4), (4, 9)) == pytest.approx([1.0, 2.0, 0.5, 0.0])


def test_back_to_back_iterations_are_one_user(ingested) -> None:  # type: ignore[no-untyped-def]
    parquet = ingested(*((second / 2, second / 2 + 0.5) for second in range(20)))
    assert within(parquet, (2, 8)) == pytest.approx([1.0])


def test_without_any_iteration_it_is_not_known(ingested) -> None:  # type: ignore[no-untyped-def]
    assert within(ingested(), (0, 4)) == [None]
