"""The real stack, started once for all integration tests in folders of its own, and stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rushlab.flows.workbench import Workbench
from rushlab.model.variant import KnobValue
from rushlab.world.settings import Settings
from rushlab.world.stack.backend import Endpoints, Target
from rushlab.world.stack.native import NativeBackend


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A native stack that is up; `reset` gives a fresh service with a preset and changes to it."""

    bench: Workbench
    backend: NativeBackend
    endpoints: Endpoints

    def reset(self, variant: str = "recommended", *, coupons: int = 100_000, **knobs: KnobValue) -> Target:
        """A fresh state with `coupons` pieces in stock."""
        return self.backend.reset(self.bench.variant(variant, knobs), stock=coupons, step=lambda text: None)

    def drain(self, target: Target) -> float | None:
        return self.backend.drain(target, timeout_s=60, step=lambda text: None)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A workbench whose runs and server data live in a folder of the tests."""
    folder = tmp_path_factory.mktemp("workbench")
    return Workbench.open(Settings(state=folder / "state", data=folder / "data"))


@pytest.fixture(scope="session")
def stack(bench: Workbench) -> Iterator[RunningStack]:
    backend = NativeBackend(bench.settings)
    with bench.driving():
        try:
            yield RunningStack(bench, backend, backend.up(print))
        finally:
            backend.down(print)
