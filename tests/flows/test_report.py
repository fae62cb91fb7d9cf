"""A report that could not be written: its runs are not lost, and the sentence says how to go on."""

import pytest

from rushlab.flows import report
from rushlab.flows.report import ReportOrder, make_report
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import Interrupted, ResultError, StorageError
from rushlab.world.settings import Settings

RUNS = ["/data/runs/20261124T140000Z-load-report-a1b2", "/data/runs/20261124T141000Z-load-recommended-c3d4"]
AGAIN = "rushlab report --from 20261124T140000Z-load-report-a1b2 --from 20261124T141000Z-load-recommended-c3d4"


@pytest.fixture
def bench(tmp_path):
    return Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))


@pytest.fixture
def stopped(bench, monkeypatch):
    """Let the writing stop with this error; the order's runs were given, or made for it."""

    def make(error, where="write_report", given=()):
        monkeypatch.setattr(report, "_runs", lambda bench, order, listener: (list(RUNS), []))
        monkeypatch.setattr(report, "gather", lambda bench, names, missing: None)

        def stop(*_, **__):
            raise error

        monkeypatch.setattr(report, where, stop)
        make_report(bench, ReportOrder.parse(bench, variants="report", scale="demo", runs=given))

    return make


@pytest.mark.parametrize("where", ["gather", "write_report"])
def test_interrupted_while_it_is_written_it_names_the_runs(stopped, where):
    with pytest.raises(Interrupted) as told:
        stopped(KeyboardInterrupt(), where)
    assert "before it was written: interrupted." in told.value.sentence
    assert told.value.sentence.endswith(AGAIN)


@pytest.mark.parametrize("error", [StorageError("Cannot write", "no space", "Make room."), ResultError("It failed")])
def test_an_error_while_it_is_written_keeps_its_words_and_names_the_runs(stopped, error):
    with pytest.raises(type(error)) as told:
        stopped(error)
    assert told.value.sentence.startswith(error.sentence)
    assert told.value.sentence.endswith(AGAIN)


def test_runs_that_were_given_are_not_named_again(stopped):
    with pytest.raises(ResultError) as told:
        stopped(ResultError("It failed"), given=RUNS)
    assert told.value.sentence == "It failed."
    with pytest.raises(KeyboardInterrupt):
        stopped(KeyboardInterrupt(), given=RUNS)
