"""A notebook's own way into an experiment: the plan is looked at before anything starts, and what it takes is said."""

import pytest
from tests.flows.experiments.conftest import no_stack

from rushlab.flows import tuning
from rushlab.flows.tune import Hands, Tuning
from rushlab.flows.workbench import Silent
from rushlab.model.errors import UsageError


@pytest.fixture
def written(tmp_path):
    """The file of a plan of one larger pool, with further lines; its path."""

    def write(more):
        path = tmp_path / "mine.yaml"
        path.write_text(f"metric: accept_p95_ms\nvariants: [{{pool_size: 20}}]\n{more}\n")
        return str(path)

    return write


class Told(Silent):
    def __init__(self):
        self.said = []

    def step(self, text):
        self.said.append(text)


@pytest.fixture
def started(monkeypatch):
    """The orders that would have been carried out."""
    orders = []

    class Nothing:
        result = None

    monkeypatch.setattr(tuning, "carry_out", lambda bench, order, listener: orders.append(order) or Nothing)
    return orders


def test_a_budget_that_cannot_be_kept_starts_nothing(bench, started, written):
    with pytest.raises(UsageError, match="cannot end within 1 minutes"):
        tuning.open_tuning(written("budget_minutes: 1"), listener=Told())
    assert started == []


def test_runs_time_and_smallest_effect_are_said_before_the_start(bench, started, written):
    told = Told()
    tuning.open_tuning(written("blocks: 3"), listener=told)
    said = "\n".join(told.said)
    assert "7 runs of about" in said
    assert "smallest change that can be seen: unknown: run plans/a-a.yaml first" in said
    assert "note: 3 blocks are a screening" in said
    assert len(started) == 1


def test_in_a_notebook_it_stays_in_a_line_of_its_own(bench, started, written, capsys):
    tuning.open_tuning(written("blocks: 3"))
    assert "7 runs of about" in capsys.readouterr().out


def test_what_is_resumed_keeps_its_budget(bench, driver, started, plan):
    driver.before = lambda position: (_ for _ in ()).throw(KeyboardInterrupt) if position == 3 else None
    hands = Hands(driver.execute, no_stack, lambda bench, backend: driver.environment)
    with pytest.raises(Exception, match="--resume"):
        Tuning(bench, "fake", hands=hands).start(plan(budget_minutes=1))
    tuning.open_tuning("last", resume=True, listener=Told())
    assert len(started) == 1
