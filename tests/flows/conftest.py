"""Run folders made by hand: k6's points and summary, evidence, and a record, all of them consistent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rushlab.model.profile import Profile
from rushlab.model.run import Load, State, Timing
from rushlab.model.variant import Variant
from rushlab.world.folders import RunFolder, create_run
from rushlab.world.points import figures, ingest

#: User, status, epoch second of the end, milliseconds.
Request = tuple[int, int, float, float]

START = 1_795_528_800.0  # 2026-11-24 14:00:00 UTC
PROFILE = Profile(
    name="tiny",
    title="Tiny",
    purpose="",
    executor="constant-vus",
    pause_s=1,
    thresholds={"http_req_duration": ["p(95)<1000", "p(99)<1000"], "success_rate": ["rate>0.5"]},
    vus=2,
    duration_s=5,
)
KINDS = {
    "http_reqs": "counter",
    "http_req_duration": "trend",
    "http_req_blocked": "trend",
    "http_req_failed": "rate",
    "success_rate": "rate",
}
#: k6's samples of its active virtual users: second, how many.
VUS = [(second + 0.9, PROFILE.vus) for second in range(5)]
#: Four users on a stock of ten, served in 20 ms each.
REQUESTS: list[Request] = [(user, 201, START + user, 20.0) for user in range(1, 5)]


class Recorded:
    """Makes run folders; every file of one can be changed before it is judged."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs

    def __call__(
        self,
        requests: Iterable[Request] = REQUESTS,
        *,
        profile: Profile = PROFILE,
        stock: int = 10,
        confirmed_after: float = 0.5,
        facts: Mapping[str, Any] | None = None,
        load: Load | None = None,
        without: Iterable[str] = (),
    ) -> RunFolder:
        """A collected run in which every 201 has its row, event, message and effect; points lack metrics `without`."""
        made = list(requests)
        folder = create_run(self.runs, profile, 1.0, Variant("recommended", {}), model="closed", environment={})
        folder.points_file.write_text("".join(line + "\n" for line in _lines(made, set(without))))
        facts_of_points = ingest(folder.points_file, folder.points)
        self.summarize(folder)
        self._collect(folder, made, stock, confirmed_after, facts or {})
        folder.advance(State.RUNNING)
        end = max((ended for _, _, ended, _ in made), default=START)
        folder.advance(
            State.COLLECTED,
            timing=Timing(created=START - 5, started=START, ended=end + 2, drained=end + confirmed_after),
            load=load or Load(model="closed", exit_code=0, elapsed_s=5.0),
            environment={"ingest": {"lines": facts_of_points.lines, "points": facts_of_points.points}},
        )
        return folder

    def summarize(self, folder: RunFolder, change: Callable[[dict[str, Any]], None] = lambda metrics: None) -> None:
        """k6's summary as it follows from the points, with a change."""
        metrics = {name: {"values": values} for name, values in figures(folder.points)["metrics"].items()}
        for entry in metrics.values():
            entry["values"].pop("rate_source", None)
            if "count" in entry["values"] and "rate" in entry["values"]:
                entry["values"]["rate"] = entry["values"]["count"] / 5
        change(metrics)
        folder.summary.write_text(json.dumps({"state": {"testRunDurationMs": 5000}, "metrics": metrics}))

    def _collect(
        self, folder: RunFolder, requests: list[Request], stock: int, confirmed_after: float, facts: Mapping[str, Any]
    ) -> None:
        folder.evidence.mkdir()
        won = [(user, ended) for user, status, ended, _ in requests if status == 201]
        rows = pd.DataFrame({"user_id": [user for user, _ in won]}, dtype="int64")
        rows["event_id"] = rows["user_id"] + 100
        ended = pd.Series([ended for _, ended in won], dtype="float64")
        issues = rows.assign(accepted_at=ended - 0.1, confirmed_at=ended + confirmed_after, confirmations=1)
        frames = {
            "issues": issues,
            "outbox": rows.assign(status=1, position=range(len(rows)), sent_at=START),
            "topic": rows.assign(partition=0, offset=range(len(rows)), key=rows["user_id"]),
            "effects": rows[["event_id"]],
            "dead": pd.DataFrame({"partition": [], "offset": []}, dtype="int64"),
            "samples": _samples(requests, stock, len(won)),
        }
        for name, frame in frames.items():
            frame.to_parquet(folder.evidence / f"{name}.parquet")
        known = {
            "schema": 1,
            "coupon_id": 1,
            "reservation": "redis-lua",
            "stock": stock,
            "database_remaining": stock,
            "redis_remaining": stock - len(won),
            "service_requests": _counted(requests),
            "reasons": {},
        }
        (folder.evidence / "evidence.json").write_text(json.dumps(known | dict(facts)))


def _samples(requests: list[Request], stock: int, issued: int) -> pd.DataFrame:
    """The stock as it was at the load's begin and at the end of each request."""
    at = [START, *sorted(ended for _, _, ended, _ in requests)]
    left = [stock] + [stock - issued] * len(requests)
    frame = pd.DataFrame({"at": at, "redis_remaining": left}, dtype="float64")
    return frame.assign(issued=stock - frame["redis_remaining"], database_remaining=float("nan"))


def _counted(requests: list[Request]) -> dict[str, int]:
    names = {201: "issued", 409: "already", 410: "sold_out"}
    counted = dict.fromkeys(("issued", "already", "sold_out", "rejected", "failed"), 0)
    for _, status, _, _ in requests:
        if status:
            counted[names.get(status) or ("rejected" if status < 500 else "failed")] += 1
    return counted


def _lines(requests: list[Request], without: set[str]) -> list[str]:
    kinds = {name: kind for name, kind in KINDS.items() if name not in without}
    lines = [
        json.dumps({"type": "Metric", "metric": name, "data": {"name": name, "type": kind, "submetrics": None}})
        for name, kind in kinds.items()
    ]
    for user, status, ended, took in requests:
        values = {
            "http_reqs": 1,
            "http_req_duration": took,
            "http_req_blocked": 0,
            "http_req_failed": int(status not in (201, 409, 410)),
            "success_rate": int(status == 201),
        }
        data = {
            "time": pd.Timestamp(ended, unit="s", tz="UTC").isoformat(),
            "tags": {"name": "issue", "status": str(status)},
            "metadata": {"user": str(user)},
        }
        lines += [
            json.dumps({"type": "Point", "metric": name, "data": data | {"value": values[name]}}) for name in kinds
        ]
    return lines if "vus" in without else [*lines, *_vus_lines()]


def _vus_lines() -> Iterator[str]:
    yield json.dumps({"type": "Metric", "metric": "vus", "data": {"name": "vus", "type": "gauge", "submetrics": None}})
    for second, vus in VUS:
        data = {"time": pd.Timestamp(START + second, unit="s", tz="UTC").isoformat(), "value": vus, "tags": {}}
        yield json.dumps({"type": "Point", "metric": "vus", "data": data})


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path / "runs")
