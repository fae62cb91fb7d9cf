from pathlib import Path

import pytest

from rushlab.model.errors import ResultError
from rushlab.world.reference import PATH, read_reference
from rushlab.world.settings import PROJECT


def test_the_reports_figures() -> None:
    reference = read_reference(PROJECT / PATH)
    assert list(reference.profiles) == ["smoke", "load", "stress-100", "stress-500", "peak-1500", "peak-2000"]
    assert reference.profiles["load"].p95 == 1170
    assert reference.profiles["peak-2000"].corrected == ("mean", "median")
    assert reference.profiles["stress-500"].stages[-1] == (30, 0)
    assert reference.environment[0].role == "application server"


def test_the_reports_guesses_are_in_its_own_words_and_have_a_rule_and_a_plan_that_are_there() -> None:
    original = (PROJECT / "data/reference/report-ko.md").read_text("utf-8")
    reference = read_reference(PROJECT / PATH)
    guesses = reference.guesses
    assert [problem.section for problem in reference.problems] == ["6-1", "6-2", "6-3"]
    assert all(problem.quote in original for problem in reference.problems)
    assert {guess.section for guess in guesses} == {"5-2", "5-3", "6-1", "6-2", "6-3"}
    for guess in guesses:
        assert all(part.strip() in original for part in guess.quote.split("…")), guess.id
        assert guess.plan is None or (PROJECT / f"plans/{guess.plan}.yaml").is_file(), guess.id


def test_missing_guesses_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_bytes((PROJECT / PATH).read_bytes())
    with pytest.raises(ResultError, match="guesses cannot be read"):
        read_reference(tmp_path / "figures.json")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"source": 1}', b"\xff"])
def test_a_file_of_another_form_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(content)
    with pytest.raises(ResultError, match="does not hold the report's figures"):
        read_reference(path)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read"):
        read_reference(tmp_path / PATH)
