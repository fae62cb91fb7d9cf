"""The notebooks about experiments, executed by papermill in a real kernel on experiments that are recorded."""

import subprocess
import sys

import nbformat
import numpy as np
import pytest

from rushlab.flows import notebooks
from rushlab.model.errors import ResultError
from rushlab.show import html
from rushlab.show.blocks import document
from rushlab.show.figures.chart import MIME
from rushlab.show.figures.standalone import LIBRARY_MIME
from rushlab.world.settings import PROJECT

NOISE = np.random.default_rng(11).normal(0, 0.02, size=(100, 2))


@pytest.fixture
def recorded(driver, tuning, plan):
    """Make an experiment of six blocks whose `large` pool takes `factor` of the baseline's time; its id."""

    def make(factor, **fields):
        driver.value = lambda arm, block: (
            100 * (factor if arm == "large" else 1.0) * float(np.exp(NOISE[block, int(arm == "large")]))
        )
        variants = [{"name": "large", "set": {"pool_size": 20}}]
        return tuning.start(plan(blocks=6, variants=variants, **fields)).planned.id

    return make


def execute(name, folder, **parameters):
    """The notebook's path after papermill has executed it."""
    output = folder / f"{name}.ipynb"
    notebooks.execute(PROJECT / f"notebooks/{name}.ipynb", output, parameters, root=PROJECT)
    return output


def outputs(path):
    return [one for cell in nbformat.read(path, as_version=4).cells for one in cell.get("outputs", [])]


def drawn(path):
    """How many figures the notebook has, each with the HTML that an export shows."""
    figures = [one.data for one in outputs(path) if MIME in one.get("data", {})]
    assert all("<script>" in data["text/html"] for data in figures)
    return len(figures)


def text(path):
    """What a reader of the page sees in words."""
    return " ".join(f"{block.html} {block.text}" for block in document(nbformat.read(path, as_version=4)).blocks)


def test_tuning_opens_a_recorded_experiment(recorded, tmp_path):
    experiment = recorded(0.7)
    path = execute("tuning", tmp_path, experiment=experiment)
    said = text(path)
    assert "'large' is better than 'baseline'" in said.replace("&#x27;", "'").replace("&#39;", "'")
    assert experiment in said
    assert drawn(path) >= 2
    assert sum(LIBRARY_MIME in one.get("data", {}) for one in outputs(path)) == 1
    assert all(one.output_type != "error" for one in outputs(path))


def test_tuning_of_an_experiment_without_an_effect_says_nothing_of_better(recorded, tmp_path):
    said = text(execute("tuning", tmp_path, experiment=recorded(1.0)))
    assert "is better than" not in said


def test_compare_opens_two_experiments_side_by_side(recorded, tmp_path):
    first, second = recorded(0.7), recorded(0.5)
    path = execute("compare", tmp_path, first=first, second=second)
    said = text(path)
    headings = [entry.title for entry in document(nbformat.read(path, as_version=4)).entries]
    assert headings.count(first) == headings.count(second) == 8
    assert "the two were not interleaved" in said
    assert drawn(path) == 6
    shown = [one.data["text/plain"] for one in outputs(path) if MIME in one.get("data", {})]
    assert shown[1] != shown[4], "the ratios of the second are its own"
    for words in ("promises", "excluded", "SHA-256", "Runs in their drawn order", "What every arm did"):
        assert words in said, words
    assert first in html.page(path)


def test_compare_refuses_unlike_experiments_unless_it_is_told_to_go_on(driver, recorded, tmp_path):
    first = recorded(0.7)
    driver.environment = driver.environment | {"versions": {"redis": "8"}}
    second = recorded(0.7)
    with pytest.raises(ResultError, match="versions"):
        execute("compare", tmp_path, first=first, second=second)
    said = text(execute("compare", tmp_path, first=first, second=second, anyway=True))
    assert "redis" in said.lower()


def test_plain_papermill_from_the_command_line(recorded, tmp_path):
    first, second = recorded(0.7), recorded(0.6)
    command = [sys.executable, "-m", "papermill", "-k", "python3", "-p", "first", first, "-p", "second", second]
    files = [str(PROJECT / "notebooks/compare.ipynb"), str(tmp_path / "out.ipynb")]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    assert drawn(tmp_path / "out.ipynb") == 6


@pytest.mark.parametrize("name", ["tuning", "compare"])
def test_they_are_thin_and_stored_without_outputs(name):
    code = [
        cell
        for cell in nbformat.read(PROJECT / f"notebooks/{name}.ipynb", as_version=4).cells
        if cell.cell_type == "code"
    ]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert all(len(cell.source.splitlines()) <= 5 for cell in code)
    assert [cell.metadata.tags for cell in code if "tags" in cell.metadata] == [["parameters"]]
