"""Notebooks are executed with known parameters only, and never look whole when they are not."""

import os
import subprocess
import sys

import nbformat
import pytest

from rushlab.flows import notebooks
from rushlab.flows.live import injected_names
from rushlab.model.errors import ResultError, UsageError
from rushlab.show.html import Head
from rushlab.world.settings import PROJECT


@pytest.fixture
def notebook(tmp_path):
    cells = [
        nbformat.v4.new_code_cell("size = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("1 // size"),
    ]
    kernel = {"name": "python3", "display_name": "Python", "language": "python"}
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    path = tmp_path / "division.ipynb"
    nbformat.write(book, path)
    return path


def test_known_parameter_reaches_the_cells(notebook, tmp_path):
    output = tmp_path / "out.ipynb"
    notebooks.execute(notebook, output, {"size": 2}, root=tmp_path)
    executed = nbformat.read(output, as_version=4)
    assert executed.cells[-1].outputs[0]["data"]["text/plain"] == "0"


def test_unknown_parameter_is_refused_before_anything_runs(notebook, tmp_path):
    with pytest.raises(UsageError, match="Did you mean size"):
        notebooks.execute(notebook, tmp_path / "out.ipynb", {"sise": 2}, root=tmp_path)
    assert list(tmp_path.glob("out*")) == []


def test_failed_cell_leaves_a_partial_notebook_and_one_sentence(notebook, tmp_path):
    with pytest.raises(ResultError, match="ZeroDivisionError"):
        notebooks.execute(notebook, tmp_path / "out.ipynb", {"size": 0}, root=tmp_path)
    assert [path.name for path in tmp_path.glob("out*")] == ["out.partial.ipynb"]


def test_file_that_is_no_notebook(tmp_path):
    (tmp_path / "x.ipynb").write_text("not JSON")
    with pytest.raises(UsageError, match="is not a notebook"):
        notebooks.parameters_of(tmp_path / "x.ipynb")


def test_names_that_papermill_injected_are_known_from_its_cells():
    cells = ["", "runs = []", '# Parameters\nscael = "full"\nruns = ["a"]\n', "x = 1"]
    assert injected_names(cells) == ["scael", "runs"]


def test_plain_papermill_refuses_a_parameter_that_the_report_does_not_have(tmp_path):
    command = [sys.executable, "-m", "papermill", "-p", "scael", "full", str(PROJECT / "notebooks" / "report.ipynb")]
    done = subprocess.run(
        [*command, "out.ipynb"], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120
    )
    assert done.returncode != 0
    assert "Parameter 'scael' is not known" in done.stderr


@pytest.mark.parametrize("page", ["division.html", "division.ipynb"])
def test_page_that_would_replace_its_own_notebook_is_refused(notebook, tmp_path, page):
    before = notebook.read_bytes()
    with pytest.raises(UsageError, match=r"division\.ipynb"):
        notebooks.write_page(notebook, tmp_path / page, {}, lambda: pytest.fail("it went on"), root=tmp_path)
    assert notebook.read_bytes() == before


def test_page_whose_name_is_no_utf_8_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"caf\?.html: its name is no UTF-8"):
        notebooks.require_replaceable(tmp_path / os.fsdecode(b"caf\xe9.html"))


def test_notebook_of_the_users_own_is_never_replaced_and_an_executed_one_is(notebook, tmp_path):
    (tmp_path / "mine.ipynb").write_bytes(notebook.read_bytes())
    with pytest.raises(UsageError, match=r"mine.ipynb would be overwritten.*--out"):
        notebooks.require_replaceable(tmp_path / "mine.html")
    (tmp_path / "damaged.ipynb").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="would be overwritten"):
        notebooks.require_replaceable(tmp_path / "damaged.html")
    notebooks.execute(notebook, tmp_path / "out.ipynb", {"size": 2}, root=tmp_path)
    notebooks.require_replaceable(tmp_path / "out.html")
    notebooks.require_replaceable(tmp_path / "new.html")


def test_a_page_makes_the_folder_that_it_is_asked_for_in(notebook, tmp_path):
    page = tmp_path / "deep" / "new" / "page.html"
    notebooks.write_page(notebook, page, {}, Head, root=tmp_path)
    assert sorted(path.name for path in page.parent.iterdir()) == ["page.html", "page.ipynb"]
