"""One verified run, from hand-made points, as each of its exports."""

import gzip
import json
import re

import msgspec
import nbformat
import pytest

from rushlab.flows.exporting import export_run
from rushlab.flows.figures import outcomes
from rushlab.flows.single import open_study
from rushlab.flows.studies import gather
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import ResultError
from rushlab.model.results import RunFigures
from rushlab.model.run import State, Timing
from rushlab.model.verdict import Audit, Check, Status, Validity, Verdict
from rushlab.world import points
from rushlab.world.folders import create_run
from rushlab.world.settings import Settings

START = 1_795_000_000.0
METRICS = {"http_reqs": "counter", "http_req_duration": "trend", "http_req_failed": "rate", "vus": "gauge"}


def lines(requests):
    for name, kind in METRICS.items():
        yield {"type": "Metric", "metric": name, "data": {"name": name, "type": kind}}
    for number in range(requests):
        at = f"2026-11-18T11:06:{40 + number * 10 // requests:02d}.{number:06d}Z"
        tags = {"name": "issue", "status": "201"}
        values = {"http_reqs": 1, "http_req_duration": 5.0 + number, "http_req_failed": 0, "vus": 1}
        for name, value in values.items():
            yield {"type": "Point", "metric": name, "data": {"time": at, "value": value, "tags": tags}}


@pytest.fixture
def bench(tmp_path):
    return Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))


@pytest.fixture
def verified(bench):
    """A run of 400 requests, verified, with literal figures."""
    folder = create_run(
        bench.settings.runs, bench.profile("smoke"), 1.0, bench.variant("report"), model="closed", environment={}
    )
    folder.advance(State.RUNNING)
    with gzip.open(folder.points_file, "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines(400))
    points.ingest(folder.points_file, folder.points)
    timing = Timing(created=START, started=START, ended=START + 10, drained=START + 11)
    folder.advance(State.COLLECTED, timing=timing)
    folder.advance(State.VERIFIED, figures=msgspec.to_builtins(figures(folder)), audit=audit(), verdict=verdict())
    return folder


def figures(folder):
    found = points.durations(folder.points)
    times = {f"{name}_ms": found[name] for name in ("mean", "median", "p90", "p95", "p99", "max")}
    return RunFigures(
        **times,
        requests=400,
        failed=0,
        success_rate=1.0,
        rate_per_s=40.0,
        bound=10,
        bound_share=1.0,
        outcomes=outcomes(points.attempts(folder.points)),
        issued_ms={name: found[name] for name in ("median", "p95", "p99", "max")},
        confirmed=400,
        confirm_ms={"p50": 1.0, "p95": 2.0, "p99": 3.0, "max": 4.0},
        drain_s=1.0,
        thresholds=(),
    )


def check(name):
    return Check(id=name, title=f"title of {name}", status=Status.PASS, value="0", limit="0", evidence="points")


def audit():
    return Audit(verdict=Status.PASS, invariants=(check("I3"),), counts={"lost": 0})


def verdict():
    return Verdict(validity=Validity.VALID, checks=(check("V2"),), reason="counts agree")


def test_a_study_has_the_distribution_of_its_run(bench, verified):
    (view,) = gather(bench, [verified.record.id])
    assert view.distribution["ms"].iloc[[0, -1]].tolist() == [5.0, 404.0]
    assert view.distribution.set_index("quantile")["ms"][0.95] == view.figures.p95_ms


def test_a_notebook_opens_one_run_by_its_folder(verified):
    (view,) = open_study(str(verified.path))
    assert view.run.id == verified.record.id


def test_html_is_the_page_of_the_run_with_its_notebook_beside_it(bench, verified, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = export_run(bench, "last", "html", None)
    assert target == tmp_path / f"{verified.record.id}.html"
    text = target.read_text("utf-8")
    assert "<title>Run smoke · report</title>" in text
    assert "V2 title of V2" in text
    assert "I3 title of I3" in text
    assert len(re.findall(r'data-for="figure-\d+"', text)) == 2
    executed = nbformat.read(target.with_suffix(".ipynb"), as_version=4)
    assert str(verified.path) in executed.cells[2].source


@pytest.mark.parametrize(("kind", "start"), [("junit", "<?xml"), ("markdown", "# Perf"), ("json", "{")])
def test_the_other_kinds_are_one_file(bench, verified, tmp_path, kind, start):
    target = export_run(bench, verified.record.id, kind, tmp_path / "deep" / "out")
    assert target.read_text("utf-8").startswith(start)
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_a_run_that_was_changed_has_no_page(bench, verified, tmp_path):
    verified.points.write_bytes(b"something else")
    with pytest.raises(ResultError, match="was changed after it was verified"):
        export_run(bench, "last", "html", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_csv_is_a_folder_with_a_file_per_table(bench, verified, tmp_path):
    folder = export_run(bench, verified.record.id, "csv", tmp_path / "tables")
    head, *body = (folder / "smoke-response-time.csv").read_text().splitlines()
    assert "ours: report: measured" in head
    assert any(line.startswith("total requests,") and ",400" in line for line in body)
    assert (folder / "checks.csv").is_file()
