from pathlib import Path

import pytest

from rushlab.model.errors import ResultError
from rushlab.world.reference import PATH, load_reference, read_reference
from rushlab.world.settings import PROJECT, Settings


def test_the_reports_figures() -> None:
    reference = load_reference(Settings(root=PROJECT))
    assert list(reference.profiles) == ["smoke", "load", "stress-100", "stress-500", "peak-1500", "peak-2000"]
    assert reference.profiles["load"].p95 == 1170
    assert reference.profiles["peak-2000"].corrected == ("mean", "median")
    assert reference.profiles["stress-500"].stages[-1] == (30, 0)
    assert reference.environment[0].role == "application server"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"source": 1}', b"\xff"])
def test_a_file_of_another_form_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(content)
    with pytest.raises(ResultError, match="does not hold the report's figures"):
        read_reference(path)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read"):
        read_reference(tmp_path / PATH)
