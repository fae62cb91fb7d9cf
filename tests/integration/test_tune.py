"""An experiment on the real servers and the real k6: two settings, two blocks, and what it leaves."""

from __future__ import annotations

import json

import jsonschema
import pytest

from rushlab.flows.plans import parse_plan
from rushlab.flows.tune import Hands
from rushlab.flows.tuning import TuneOrder, carry_out
from rushlab.flows.workbench import Silent
from rushlab.world.settings import PROJECT

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def tuned(stack, module_environment):
    """A pool of one against ten, with a transaction per request; a load of a second and a half."""
    fields = {
        "baseline": {"preset": "recommended", "set": {"outbox": "per-request"}},
        "variants": [{"name": "one connection", "set": {"pool_size": 1}}],
        "load": {"profile": "steady", "vus": 60, "scale": 0.03},
        "metric": "accept_p50_ms",
        "also": ["throughput_per_s", "confirm_rate_per_s", "cpu_ms_per_request"],
        "blocks": 2,
        "settling": False,
    }
    order = TuneOrder(parse_plan(stack.bench, fields, "pool"))
    return carry_out(stack.bench, order, Silent(), hands=Hands())


@pytest.fixture(scope="module")
def module_environment(bench):
    """The notebook's process finds the tests' folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUSHLAB_DATA", str(bench.settings.data_folder))
        patch.setenv("RUSHLAB_STATE", str(bench.settings.home))
        yield


def test_every_block_is_whole_and_measured(tuned):
    assert tuned.folder.progress.complete
    assert [run.objection for run in tuned.result.runs] == [None] * 4
    for arm in tuned.result.arms:
        assert arm.k == 2
        assert all(arm.typical[metric] for metric in ("accept_p50_ms", "throughput_per_s", "cpu_ms_per_request"))
        assert not arm.red
    found = tuned.result.comparison("one connection")
    assert found.k == 2
    assert found.ratio is not None


def test_result_and_page_stand_beside_the_plan(tuned):
    files = {path.name for path in tuned.folder.path.iterdir()}
    assert files == {"plan.json", "state.json", "experiment.json", "report.ipynb", "report.html"}
    written = json.loads((tuned.folder.path / "experiment.json").read_text())
    jsonschema.validate(written, json.loads((PROJECT / "docs/schemas/experiment.schema.json").read_text()))
    assert "one connection" in tuned.page.read_text()
