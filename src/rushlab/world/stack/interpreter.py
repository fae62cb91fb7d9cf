"""How a Python process of the service is run: by this interpreter, from this checkout."""

from __future__ import annotations

import sys
from pathlib import Path


def python_environment(root: Path) -> dict[str, str]:
    """What a Python process of the service needs to find its package."""
    return {"PYTHONPATH": str(root / "service"), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def own_environment() -> dict[str, str]:
    """What a program of the workbench itself needs, run as a process of the stack: the package that runs now."""
    return {"PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def python_command(module: str) -> tuple[str, ...]:
    """Run a module with this interpreter; -P keeps the caller's folder off the import path."""
    return (sys.executable, "-P", "-m", module)
