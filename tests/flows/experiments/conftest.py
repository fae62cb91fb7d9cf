"""Experiments without a stack: a driver that writes verified run folders with the figures a test asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rushlab.flows.plans import parse_plan
from rushlab.flows.tune import Hands, Tuning
from rushlab.flows.workbench import Workbench
from rushlab.model.metric import METRICS, Measures
from rushlab.model.run import State, Timing
from rushlab.model.verdict import Audit, Check, Status, Validity, Verdict
from rushlab.world.files import write_json
from rushlab.world.folders import create_run
from rushlab.world.settings import Settings

HERE = {"backend": "fake", "host": {"cpu": "a"}, "versions": {"redis": "7"}, "code": {"commit": "c0ffee"}}


class Killed(BaseException):
    """The process ends here; no handler of the workbench may see it."""


class Driver:
    """Executes orders by writing what they would leave; `value` gives the primary metric by arm and block."""

    def __init__(self) -> None:
        self.value: Callable[[str, int], float | None] = lambda arm, block: 100.0
        self.others: dict[str, float] = {}
        self.before: Callable[[int], None] = lambda position: None
        self.after: Callable[[int], None] = lambda position: None
        self.validity: Callable[[str, int], Validity] = lambda arm, block: Validity.VALID
        self.audit: Callable[[str, int], Status] = lambda arm, block: Status.PASS
        self.orders: list[Any] = []
        self.clock = 1_795_528_800.0
        self.environment: dict[str, Any] = dict(HERE)

    def execute(self, bench, backend, order, listener):
        label = order.labels["experiment"]
        arm, block = label["arm"], label["block"]
        self.orders.append(order)
        environment = self.environment | dict(order.labels)
        folder = create_run(
            bench.settings.runs, order.profile, order.scale, order.variant, model=order.model, environment=environment
        )
        self.before(label["position"])
        folder.advance(State.RUNNING)
        self.clock += 60.0
        timing = Timing(created=self.clock, started=self.clock + 5, ended=self.clock + 40, drained=self.clock + 41)
        write_json(folder.path / "measures.json", self.measures(arm, block))
        folder.advance(State.COLLECTED, timing=timing)
        audit, validity = self.audit(arm, block), self.validity(arm, block)
        folder.advance(
            State.VERIFIED,
            audit=Audit(verdict=audit, invariants=(check("I1", audit),), counts={"attempts": 5000, "lost": 0}),
            verdict=Verdict(validity=validity, checks=(check("V1", Status.PASS),), reason="as the test wants it"),
        )
        self.after(label["position"])
        return folder

    def measures(self, arm, block):
        values = dict.fromkeys(METRICS, 50.0) | self.others | {"accept_p95_ms": self.value(arm, block)}
        reasons = {name: "the test says so" for name, value in values.items() if value is None}
        quantiles = {f"p{percent}": 10.0 + percent for percent in (10, 50, 90, 95, 99)}
        return Measures(
            values=values, reasons=reasons, window=(6, 42), steady=True, requests=5000, quantiles=quantiles, backlog=0
        )


def check(name: str, status: Status) -> Check:
    return Check(id=name, title=name, status=status, value="", limit="", evidence="")


@contextmanager
def no_stack(bench, name, listener) -> Iterator[None]:
    with bench.driving():
        yield None


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A workbench of the test's own, which the command line and notebooks find too."""
    monkeypatch.setenv("RUSHLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RUSHLAB_STATE", str(tmp_path / "state"))
    return Workbench.open(Settings(data=tmp_path / "data", state=tmp_path / "state"))


@pytest.fixture
def driver():
    return Driver()


@pytest.fixture
def tuning(bench, driver):
    """A Tuning whose runs come from the driver."""
    return Tuning(bench, "fake", hands=Hands(driver.execute, no_stack, lambda bench, backend: driver.environment))


@pytest.fixture
def plan(bench):
    """A plan of pool sizes; fields replace its own."""

    def make(**fields):
        given = {"metric": "accept_p95_ms", "variants": [{"pool_size": 20}], "blocks": 3, "seed": 5} | fields
        return parse_plan(bench, given, "pools")

    return make


@pytest.fixture
def killing(driver):
    """Let the driver die at a position, before or after its run was verified."""

    def kill(position, *, after=False):
        def die(at):
            if at == position:
                raise Killed(os.getpid())

        setattr(driver, "after" if after else "before", die)

    return kill
