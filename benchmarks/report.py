"""From a million requests to the finished report: k6's points (.json.gz), and again from the Parquet they became.

    python benchmarks/report.py [--requests 1000000] [--folder DIR] [--keep]

Makes a run folder as `rushlab run` leaves it, with k6-like points (seeded; lengths drift with the load), and
measures in child processes: `first` reads the points, computes every figure, judges and writes the run's page;
`again` writes the page of the verified run; `bare` copies the same file to Parquet with DuckDB and nothing else.
Of `first` and `again` each stage is told too.
Peak memory is that of the process and of its largest child (the notebook's kernel).
What is promised: first ≤ 10 s and ≤ 500 MiB, again ≤ 4 s.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest import TIMINGS, bare, declarations

SEED = 20261124
START = 1_795_000_000
PER_SECOND = 2000
#: How k6/coupons.js tags its requests, and its other points.
TAGS = '{"expected_response":"true","method":"POST","name":"issue","scenario":"issue","status":"201"}'
OTHER = '{"scenario":"issue"}'


def lines(requests: int) -> Iterator[str]:
    """Points of `requests` iterations in the order of their ends; lengths log-normal, twice as long at the end."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    lengths = rng.lognormal(2.3, 0.8, requests) * np.linspace(1, 2, requests)
    for number, length in enumerate(lengths.tolist()):
        second, part = divmod(number, PER_SECOND)
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + second)) + f".{part * 500_000 + 123:09d}Z"
        yield from iteration(number, moment, length)
        if part == 0:
            yield _point("vus", moment, min(second * 10, 2000), OTHER, "")


def iteration(number: int, moment: str, length: float) -> Iterator[str]:
    user = f',"metadata":{{"user":"{number}"}}'
    shares = {"duration": 1.0, "blocked": 0.001, "sending": 0.01, "waiting": 0.98, "receiving": 0.01}
    yield _point("http_reqs", moment, 1, TAGS, user)
    for name in TIMINGS:
        yield _point(f"http_req_{name}", moment, round(length * shares.get(name, 0), 6), TAGS, user)
    yield _point("http_req_failed", moment, 0, TAGS, user)
    own = {"success_rate": 1, "checks": 1, "data_sent": 155, "iteration_duration": 1000 + length, "iterations": 1}
    for name, value in own.items():
        yield _point(name, moment, value, OTHER, user)


def _point(metric: str, moment: str, value: float, tags: str, metadata: str) -> str:
    data = f'{{"time":"{moment}","value":{value},"tags":{tags}{metadata}}}'
    return f'{{"metric":"{metric}","type":"Point","data":{data}}}\n'


def make_run(runs: Path, requests: int) -> Path:
    """A run that k6 has just ended: planned → running, its points there, no evidence of the servers."""
    from rushlab.flows.workbench import Workbench
    from rushlab.model.run import State
    from rushlab.world.folders import create_run

    bench = Workbench.open()
    profile, variant = bench.profile("stress-500"), bench.variant("recommended")
    folder = create_run(runs, profile, 1.0, variant, model="closed", environment={})
    folder.advance(State.RUNNING)
    folder.evidence.mkdir()
    (folder.evidence / "evidence.json").write_text(json.dumps({"schema": 1, "reasons": {}}))
    with gzip.open(folder.points_file, "wt", compresslevel=1) as file:
        file.writelines(declarations())
        file.write(json.dumps({"type": "Metric", "metric": "vus", "data": {"name": "vus", "type": "gauge"}}) + "\n")
        file.writelines(lines(requests))
    return folder.path


def first(path: Path) -> None:
    """Ingest, figures, verdict, page."""
    with stage("imports"):
        import msgspec
        from msgspec.structs import replace

        from rushlab.flows.figures import run_figures
        from rushlab.flows.judging import judge_folder
        from rushlab.flows.workbench import Workbench
        from rushlab.model.run import State
        from rushlab.world import points
        from rushlab.world.folders import open_run

    folder = open_run(Workbench.open().settings.runs, str(path))
    with stage("ingest"):
        ingested = points.ingest(folder.points_file, folder.points)
    length = folder.record.profile.length_s
    folder.advance(
        State.COLLECTED,
        timing=replace(folder.record.timing, started=float(START), ended=START + length, drained=START + length),
        load=replace(folder.record.load, exit_code=0, elapsed_s=length),
        environment={"ingest": {"lines": ingested.lines, "points": ingested.points, "truncated": False}},
    )
    with stage("judge"):
        audit, verdict = judge_folder(folder)
    with stage("figures"):
        figures = msgspec.to_builtins(run_figures(folder))
    folder.advance(State.VERIFIED, audit=audit, verdict=verdict, figures=figures)
    again(path)


def again(path: Path) -> None:
    """The page of a verified run."""
    with stage("imports of the page"):
        from rushlab.flows.exporting import export_run
        from rushlab.flows.workbench import Workbench

    with stage("page"):
        export_run(Workbench.open(), str(path), "html", path.parent / "page.html")


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Tell what a stage took, this process and its children together."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    yield
    told = f"{time.perf_counter() - wall:8.2f} s {_cpu_seconds() - cpu:8.2f} CPU s"
    print(f"    {name:20} {told}", file=sys.stderr)  # noqa: T201


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def copied(path: Path) -> None:
    bare(path / "points.json.gz", path.parent / "bare.parquet")


CONTENDERS: dict[str, Callable[[Path], None]] = {"bare": copied, "first": first, "again": again}


def child(name: str, path: Path) -> None:
    """Run one contender in this process; print wall and CPU seconds and peak MiB, of this process and its children."""
    began = time.perf_counter()
    CONTENDERS[name](path)
    wall = time.perf_counter() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps([wall, _cpu_seconds(), *(one.ru_maxrss / 1024 for one in used)]))  # noqa: T201


def measure(name: str, path: Path) -> list[float]:
    answer = subprocess.run(
        [sys.executable, __file__, "--child", name, str(path)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: list[float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def report(path: Path, requests: int) -> None:
    size = (path / "points.json.gz").stat().st_size / 2**20
    load = "load average {:.1f} {:.1f} {:.1f}".format(*os.getloadavg())
    print(f"{requests:,} requests, {size:,.0f} MiB points.json.gz; {load}")  # noqa: T201
    for name in CONTENDERS:
        wall, processor, own, child_mib = measure(name, path)
        told = f"{wall:8.2f} s {processor:8.2f} CPU s {own:8,.0f} MiB, its largest child {child_mib:,.0f} MiB"
        print(f"{name:8} {told}")  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the run is made (default: a temporary folder)")
    parser.add_argument("--keep", action="store_true", help="leave the run's folder")
    parser.add_argument("--child", nargs=2, metavar=("NAME", "RUN"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child[0], Path(asked.child[1]))
        return
    folder = Path(tempfile.mkdtemp(dir=asked.folder))
    try:
        path = make_run(folder, asked.requests)
        report(path, asked.requests)
    finally:
        if not asked.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
