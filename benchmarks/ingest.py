"""Time and peak memory of reading k6's points: ours, a bare DuckDB COPY, and pandas.read_json.

    python benchmarks/ingest.py [--points 1500000] [--plain] [--repeat 3] [--without pandas] [--folder DIR]

Writes its own file of k6-like lines (gzipped unless --plain), then runs each contender in a child
process of its own, in turn, and prints the best time, the CPU seconds of that run and its peak
resident memory. `figures` is the second half of `rushlab ingest`: all metrics from the Parquet file.
What is promised: ours within 1.3 times the bare COPY, below 1 GiB up to 50 million points.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

#: Points of one iteration of k6/coupons.js.
PER_ITERATION = 14
TIMINGS = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")

# The columns a reader who knows k6's format would ask for; nothing is checked, no order statistic taken.
BARE_COPY = """
COPY (
    SELECT * FROM read_json('{source}', format = 'newline_delimited', columns = {{
        metric: 'VARCHAR', type: 'VARCHAR',
        data: 'STRUCT(time TIMESTAMPTZ, value DOUBLE, tags JSON, metadata JSON)'}})
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""


def iteration(number: int) -> Iterator[str]:
    """The lines of one iteration, one millisecond after the one before."""
    second, milli = divmod(number, 1000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_795_000_000 + second)) + f".{milli:03d}478123Z"
    status = "201" if number % 20 else "409"
    tags = f'{{"expected_response":"true","method":"POST","name":"issue","scenario":"issue","status":"{status}"}}'
    tail = f'"metadata":{{"user":"{number}"}}}}}}\n'
    length = 5 + number * 7919 % 100_003 / 500
    values = {f"http_req_{name}": length / (1 + place) for place, name in enumerate(TIMINGS)}
    values |= {"http_reqs": 1, "http_req_failed": 0}
    for metric, value in values.items():
        yield f'{{"metric":"{metric}","type":"Point","data":{{"time":"{moment}","value":{value},"tags":{tags},{tail}'
    own = {"success_rate": int(status == "201"), "checks": 1, "data_sent": 155, "iteration_duration": 1000 + length}
    for metric, value in (own | {"iterations": 1}).items():
        tags = '{"scenario":"issue"}'
        yield f'{{"metric":"{metric}","type":"Point","data":{{"time":"{moment}","value":{value},"tags":{tags},{tail}'


def declarations() -> Iterator[str]:
    """The Metric lines, with the sub-metric that k6 always makes."""
    sub = {"name": "http_req_duration{expected_response:true}", "tags": {"expected_response": "true"}}
    kinds = {f"http_req_{name}": "trend" for name in TIMINGS} | {"http_reqs": "counter", "http_req_failed": "rate"}
    kinds |= {"success_rate": "rate", "checks": "rate", "data_sent": "counter", "iterations": "counter"}
    for name, kind in (kinds | {"iteration_duration": "trend"}).items():
        data = {"name": name, "type": kind, "submetrics": [sub] if name == "http_req_duration" else None}
        yield json.dumps({"type": "Metric", "data": data, "metric": name}) + "\n"


def write_points(path: Path, points: int) -> None:
    with gzip.open(path, "wt", compresslevel=4) if path.suffix == ".gz" else path.open("w") as file:
        file.writelines(declarations())
        for number in range(points // PER_ITERATION):
            file.writelines(iteration(number))


def ours(source: Path, target: Path) -> None:
    from rushlab.world.points import ingest

    ingest(source, target)


def figures(source: Path, target: Path) -> None:
    from rushlab.world.points import figures as figures_of

    figures_of(target.with_name("ours.parquet"))


def bare(source: Path, target: Path) -> None:
    import duckdb

    with duckdb.connect() as con:
        con.execute(BARE_COPY.format(source=source, target=target))


def pandas(source: Path, target: Path) -> None:
    import pandas as pd

    pd.read_json(source, lines=True, compression="gzip" if source.suffix == ".gz" else None)


CONTENDERS: dict[str, Callable[[Path, Path], None]] = {"ours": ours, "figures": figures, "bare": bare, "pandas": pandas}

MODULES = {"ours": "rushlab.world.points", "figures": "rushlab.world.points", "bare": "duckdb", "pandas": "pandas"}


def child(name: str, source: Path, target: Path) -> None:
    """Run one contender and print wall seconds, CPU seconds (both without imports) and peak MiB of this process."""
    importlib.import_module(MODULES[name])
    wall, processor = time.perf_counter(), time.process_time()
    CONTENDERS[name](source, target)
    took = [time.perf_counter() - wall, time.process_time() - processor]
    print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))  # noqa: T201


def measure(name: str, source: Path, repeat: int) -> list[float] | None:
    """The best of several runs; None when the contender failed (out of memory, say)."""
    runs = []
    for _ in range(repeat):
        command = [sys.executable, __file__, "--child", name, str(source), str(source.with_name(f"{name}.parquet"))]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            return None
        runs.append(json.loads(answer.stdout.splitlines()[-1]))
    return min(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_500_000)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--without", action="append", default=[], choices=list(CONTENDERS))
    parser.add_argument("--folder", type=Path, help="where the file is made (default: a temporary folder)")
    parser.add_argument("--child", nargs=3, metavar=("NAME", "SOURCE", "TARGET"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child[0], Path(asked.child[1]), Path(asked.child[2]))
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        source = Path(folder) / ("points.json" if asked.plain else "points.json.gz")
        write_points(source, asked.points)
        report(source, asked.points, {name for name in CONTENDERS if name not in asked.without}, asked.repeat)


def report(source: Path, points: int, names: set[str], repeat: int) -> None:
    print(f"{points:,} points, {source.stat().st_size / 2**20:,.0f} MiB {source.name}, best of {repeat}")  # noqa: T201
    found = {name: measure(name, source, repeat) for name in CONTENDERS if name in names}
    for name, best in found.items():
        figures_of = "failed" if best is None else "{:8.2f} s {:8.2f} CPU s {:8,.0f} MiB".format(*best)
        print(f"{name:8} {figures_of}")  # noqa: T201
    mine, theirs = found.get("ours"), found.get("bare")
    if mine and theirs:
        print(f"ours / bare: {mine[0] / theirs[0]:.2f} (wall), {mine[1] / theirs[1]:.2f} (CPU)")  # noqa: T201


if __name__ == "__main__":
    main()
