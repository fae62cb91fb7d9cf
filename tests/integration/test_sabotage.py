"""The checker is checked: services that are wrong on purpose, driven for real, each caught by the audit."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from rushlab.cli.main import main
from rushlab.flows import driving, single
from rushlab.flows.run import execute
from rushlab.model.run import Run
from rushlab.model.verdict import ExitCode, Status
from rushlab.world import evidence
from rushlab.world.stack import reset
from rushlab.world.stack.interpreter import python_environment
from rushlab.world.stack.servers import coupons

pytestmark = pytest.mark.integration

WRONG = Path(__file__).parents[1] / "sabotage"


@pytest.fixture
def sabotage(monkeypatch):
    """Has every process of the service import tests/sabotage, told which of them to do."""

    def begin(name):
        def environment(root):
            told = python_environment(root)
            return told | {"PYTHONPATH": f"{WRONG}:{told['PYTHONPATH']}", "SABOTAGE": name}

        for module in (coupons, reset):
            monkeypatch.setattr(module, "python_environment", environment)

    return begin


@pytest.fixture
def rushlab(stack, monkeypatch):
    """`rushlab …` on the stack that is up; its exit code."""
    monkeypatch.setattr(driving, "running_stack", lambda *_: nullcontext(stack.backend))
    monkeypatch.setenv("RUSHLAB_STATE", str(stack.bench.settings.state))
    monkeypatch.setenv("RUSHLAB_DATA", str(stack.bench.settings.data))

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["rushlab", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code

    return call


def failed(record: Run) -> set[str]:
    return {check.id for check in record.audit.invariants if check.status is Status.FAIL}


def test_a_stock_decided_by_get_then_set_is_oversold(stack, sabotage, rushlab):
    sabotage("get-then-set")
    assert rushlab("run", "load", "--scale", "0.03", "--set", "stock=100", "--quiet") == ExitCode.INVARIANT_FAILED
    folder = single.find_run(stack.bench, "last")
    assert "I1" in failed(folder.record)
    assert folder.record.audit.counts["oversold"] > 0
    assert evidence.load(folder.evidence).frames["samples"]["issued"].max() > 100, "seen while the run went"


def test_a_table_without_its_unique_key_gives_a_user_two(stack, sabotage, rushlab):
    sabotage("no-unique-key")
    sets = [
        word for knob in ("reservation=db-lock", "outbox=per-request", "repeat_users=0.5") for word in ("--set", knob)
    ]
    assert rushlab("run", "load", "--scale", "0.03", *sets, "--quiet") == ExitCode.INVARIANT_FAILED
    record = single.find_run(stack.bench, "last").record
    assert failed(record) == {"I2"}
    assert record.audit.counts["duplicated"] > 0


def test_offsets_committed_before_the_effect_lose_it_when_the_consumer_is_killed(stack, sabotage):
    sabotage("offset-before-effect")
    order = single.parse_order(stack.bench, "load", scale=0.03, faults=["kill:consumer-0@2"])
    folder = execute(stack.bench, stack.backend, replace(order, drain_limit_s=2))  # nobody confirms what was lost
    assert "I9" in failed(folder.record)
    assert single.exit_code(single.open_view(folder)) is ExitCode.INVARIANT_FAILED


def test_an_event_that_is_set_aside_at_its_first_failure_was_tried_too_seldom(stack, sabotage):
    sabotage("give-up-at-once")
    order = single.parse_order(stack.bench, "load", scale=0.03, faults=["poison@1"])
    record = execute(stack.bench, stack.backend, order).record
    assert failed(record) == {"I11"}
    assert record.audit.counts["dead_letters_too_few_tries"] == record.knobs["partitions"]  # one event in each
