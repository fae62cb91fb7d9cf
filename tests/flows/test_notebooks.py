"""Notebooks are executed with known parameters only, and never look whole when they are not."""

import nbformat
import pytest

from rushlab.flows import notebooks
from rushlab.model.errors import ResultError, UsageError


@pytest.fixture
def notebook(tmp_path):
    cells = [
        nbformat.v4.new_code_cell("size = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("1 // size"),
    ]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}})
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
