"""What the machine has and lacks, and what the catalogue knows: for the command line."""

from __future__ import annotations

import pandas as pd

from rushlab.flows.workbench import Workbench
from rushlab.world.catalogue import refresh
from rushlab.world.stack.doctor import Finding, check_all

__all__ = ["Finding", "check_machine", "list_runs"]


def check_machine(bench: Workbench) -> list[Finding]:
    """Every precondition of the native stack, with what to do about what is missing."""
    return check_all(bench.settings)


def list_runs(bench: Workbench) -> pd.DataFrame:
    """The catalogue, newest run first (columns: world.catalogue.RUNS)."""
    return refresh(bench.settings)
