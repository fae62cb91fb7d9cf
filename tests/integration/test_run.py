"""The whole way on the real servers and the real k6: drive, drain, collect, judge, report; and its interruptions."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree

import jsonschema
import psutil
import pytest

from rushlab.flows import report, single
from rushlab.flows.run import execute
from rushlab.flows.workbench import Workbench
from rushlab.model.run import State
from rushlab.model.verdict import Status, Validity
from rushlab.world import evidence
from rushlab.world.folders import open_run
from rushlab.world.k6 import drive
from rushlab.world.settings import PROJECT, Settings
from rushlab.world.stack.native import NativeBackend

pytestmark = pytest.mark.integration

VARIANTS = ("report", "recommended")


@pytest.fixture(scope="module")
def runs(stack):
    """A short peak of each preset."""
    orders = {name: single.parse_order(stack.bench, "peak-1500", name, scale=0.05) for name in VARIANTS}
    return {name: execute(stack.bench, stack.backend, order) for name, order in orders.items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_run_is_verified_and_every_coupon_accounted_for(runs, variant):
    record = runs[variant].record
    assert record.state is State.VERIFIED
    assert record.verdict.validity is Validity.VALID, record.verdict.checks
    assert record.audit.verdict is Status.PASS, record.audit.invariants
    counts = record.audit.counts
    assert counts["attempts"] == record.figures["requests"] > 100
    assert counts["accepted"] == counts["confirmed"] == counts["rows"] == record.figures["outcomes"]["issued"]
    assert runs[variant].damaged() == []
    assert all(record.cpu_s[name] > 0 for name in ("service", "relay", "consumer-0", "mariadb", "kafka", "k6"))
    assert sum(record.cpu_s.values()) - record.cpu_s["host"] <= 1.05 * record.cpu_s["host"]


def test_repeated_users_and_a_small_stock_are_accounted_for(stack):
    order = single.parse_order(stack.bench, "sold-out", "recommended", {"repeat_users": 0.3}, scale=0.1)
    record = execute(stack.bench, stack.backend, order).record
    assert record.audit.verdict is Status.PASS, record.audit.invariants
    outcomes = record.figures["outcomes"]
    assert outcomes["issued"] == 500  # a tenth of the stock, like a tenth of the time
    assert outcomes["already"] > 0
    assert outcomes["sold_out"] > 0


def test_report_of_recorded_runs(stack, runs, tmp_path):
    order = report.ReportOrder.parse(
        stack.bench, variants=VARIANTS, scale="demo", runs=[str(folder.path) for folder in runs.values()]
    )
    result = report.make_report(stack.bench, order, out=tmp_path / "report")
    files = {path.name for path in result.folder.iterdir()}
    assert files == {"report.html", "report.ipynb", "report.json", "report.md", "junit.xml", "tables"}
    written = json.loads((result.folder / "report.json").read_text())
    jsonschema.validate(written, json.loads((PROJECT / "docs/schemas/report.schema.json").read_text()))
    for name, folder in runs.items():
        shown = written["variants"][name]["profiles"]["peak-1500"]
        assert shown["run"] == folder.record.id
        assert shown["requests"] == folder.record.figures["requests"]
    suites = ElementTree.parse(result.folder / "junit.xml").getroot()
    assert len(list(suites.iter("testsuite"))) == len(runs)
    assert result.exit_code == 0


def test_k6_that_is_killed_makes_no_valid_run(stack, monkeypatch):
    def killed(order, on_progress):
        return drive(order, lambda progress: _k6_of(stack.backend).kill())

    monkeypatch.setattr("rushlab.flows.run._Execution._warm_up", lambda *_: {})
    monkeypatch.setattr("rushlab.flows.run.drive", killed)
    order = single.parse_order(stack.bench, "load", scale=0.1)
    record = execute(stack.bench, stack.backend, order).record
    assert record.load.exit_code == -signal.SIGKILL
    assert record.verdict.validity is Validity.INVALID
    assert next(check for check in record.verdict.checks if check.id == "V1").status is Status.FAIL


def test_a_database_that_dies_leaves_everything_else_and_an_audit_that_is_unknown(stack, monkeypatch):
    targets = []
    (database,) = [one for one in stack.backend.processes.found() if one.name == "mariadb"]

    def dying(order, on_progress):
        return drive(order, lambda progress: psutil.pid_exists(database.pid) and os.kill(database.pid, signal.SIGKILL))

    monkeypatch.setattr("rushlab.flows.run._Execution._warm_up", lambda _, target: targets.append(target) or {})
    monkeypatch.setattr("rushlab.flows.run.drive", dying)
    order = single.parse_order(stack.bench, "peak-1500", scale=0.05)
    folder = execute(stack.bench, stack.backend, order)
    stack.backend.revive("mariadb", targets[0], lambda text: None)
    record, found = folder.record, evidence.load(folder.evidence)
    assert record.state is State.VERIFIED
    assert (record.audit.verdict, record.verdict.validity) == (Status.UNKNOWN, Validity.INVALID)
    assert next(check for check in record.verdict.checks if check.id == "V6").status is Status.FAIL
    assert found.facts["drained"] is None
    assert "could not be asked what is confirmed" in found.facts["reasons"]["drained"]
    assert re.search(r"; its log ends: [^(]", found.facts["reasons"]["drained"])
    lost = next(check for check in record.audit.invariants if check.id == "I3")
    assert f"no issues: {found.facts['reasons']['drained']}" in lost.evidence
    assert found.frames["topic"] is not None
    assert found.facts["redis_remaining"] is not None
    assert found.facts["service_requests"] is not None
    assert record.figures["requests"] > 0


def _k6_of(backend: NativeBackend) -> psutil.Process:
    return psutil.Process(next(one.pid for one in backend.processes.found() if one.name == "k6"))


def test_workbench_killed_in_mid_run_leaves_nothing_that_looks_whole(tmp_path):
    state, data = tmp_path / "state", tmp_path / "data"
    environment = os.environ | {"RUSHLAB_STATE": str(state), "RUSHLAB_DATA": str(data)}
    command = [sys.executable, "-m", "rushlab", "run", "load", "--scale", "0.2"]
    bench = Workbench.open(Settings(state=state, data=data))
    backend = NativeBackend(bench.settings)
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as workbench:
        _until(lambda: list(data.glob("runs/*/points.json.gz")))
        workbench.kill()
    assert open_run(bench.settings.runs, "last").record.state is State.RUNNING
    assert "k6" in {one.name for one in backend.processes.found()}
    with bench.driving():
        record = open_run(bench.settings.runs, "last").record
        backend.down(print)
    assert record.state is State.ABORTED
    assert backend.processes.found() == []


def _until(condition, patience_s=90.0):
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
