"""Every series is one that the real processes export, and a run on the real stack has them all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from rushlab.flows import single
from rushlab.flows.run import execute
from rushlab.flows.studies import open_view
from rushlab.judge.inside import REST, shares
from rushlab.model.series import EXPORTERS_S, OWN_S, SERIES
from rushlab.model.verdict import Status, Validity
from rushlab.world import prometheus
from rushlab.world.folders import RunFolder
from rushlab.world.settings import PROJECT

pytestmark = pytest.mark.integration

#: Names that our own processes give their metrics.
NAME = re.compile(r"\b(?:coupons|rushlab)_[a-z0-9_]*[a-z0-9]\b")


@pytest.fixture(scope="module")
def run(stack) -> RunFolder:
    """A short run of the preset with the most stages and partitions."""
    return execute(stack.bench, stack.backend, single.parse_order(stack.bench, "load", "recommended", scale=0.1))


@pytest.fixture(scope="module")
def exported(run: RunFolder, stack) -> dict[str, set[str]]:
    """Role → names of the metrics on the pages of its processes, as Prometheus finds them."""
    with requests.Session() as session:
        session.trust_env = False
        targets = session.get(f"{stack.endpoints.prometheus}/api/v1/targets", timeout=10).json()["data"]
        names: dict[str, set[str]] = {}
        for target in targets["activeTargets"]:
            page = session.get(target["scrapeUrl"], timeout=10).text
            found = names.setdefault(target["labels"]["role"], set())
            found |= {re.split(r"[{ ]", line, maxsplit=1)[0] for line in page.splitlines() if line[:1] not in ("", "#")}
    return names


def test_every_metric_of_the_table_is_exported_by_the_process_that_is_named(exported: dict[str, set[str]]) -> None:
    wrong = [(one.name, name) for one in SERIES for name in one.metrics if name not in exported[one.whose]]
    assert wrong == []


@pytest.mark.parametrize("text", ["docs/method.md", "docs/decisions.md", "service/README.md", "ARCHITECTURE.md"])
def test_every_metric_of_the_documentation_is_exported(exported: dict[str, set[str]], text: str) -> None:
    every = set().union(*exported.values())
    named = set(NAME.findall((PROJECT / text).read_text("utf-8")))
    assert {name for name in named if not any(one.startswith(name) for one in every)} == set()


def test_targets_are_read_as_often_as_the_table_says(stack, exported: dict[str, set[str]]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{stack.endpoints.prometheus}/api/v1/targets", timeout=10).json()
    intervals = {one["labels"]["role"]: one["scrapeInterval"] for one in answer["data"]["activeTargets"]}
    assert intervals == {role: f"{EXPORTERS_S if role.endswith('-exporter') else OWN_S:g}s" for role in exported}


def test_a_run_has_every_series_whole(run: RunFolder) -> None:
    frame, facts = prometheus.load(run.path)
    assert frame is not None
    assert facts is not None
    assert facts.missing == {}
    assert "series.parquet" in run.record.artefacts
    assert run.record.verdict is not None
    checks = {check.id: check for check in run.record.verdict.checks}
    assert {checks[name].status for name in ("V4", "V7")} == {Status.PASS}, (checks["V4"], checks["V7"])
    assert "restarted: none; killed for memory: 0" in checks["V6"].value
    assert checks["V5"].status is not Status.UNKNOWN  # on a machine that others keep busy it may FAIL, and rightly
    busy = checks["V5"].status is Status.FAIL
    assert run.record.verdict.validity is (Validity.INVALID if busy else Validity.VALID)


def test_the_stages_of_the_service_account_for_most_of_its_time(run: RunFolder) -> None:
    series = open_view(run).series
    assert series is not None
    assert series.frame is not None
    found = shares(series.frame, series.begin, series.end)
    assert found is not None
    assert found["share"].sum() == pytest.approx(1.0)
    assert 0 <= found.set_index("stage")["share"][REST] < 0.5
    count = series.frame[series.frame["name"] == "request_count"].query("at >= @series.begin")["value"]
    assert run.record.figures is not None
    assert count.iloc[-1] >= run.record.figures["requests"]


def test_prometheus_away_costs_the_series_and_not_the_run(stack, run: RunFolder, tmp_path: Path) -> None:
    found = {one.name: one for one in stack.backend.processes.found()}
    stack.backend.processes.stop([found["prometheus"]])
    try:
        facts = prometheus.collect(stack.endpoints.prometheus, 0.0, 10.0, tmp_path)
        assert facts.reason is not None
        assert "no connection" in facts.reason
    finally:
        stack.backend.up(lambda text: None)
