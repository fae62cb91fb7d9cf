"""JSON Schemas that follow from the value objects; `python -m rushlab.model.schemas run|experiment` prints one."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import msgspec

from rushlab.model.experiment_result import ExperimentResult
from rushlab.model.results import RunFigures
from rushlab.model.run import Run

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEMPLATE = "#/$defs/{name}"


def run_schema() -> dict[str, Any]:
    """The schema of `run.json`, `rushlab run --json` and `rushlab show --json`."""
    (run, figures), definitions = msgspec.json.schema_components([Run, RunFigures], ref_template=TEMPLATE)
    definitions["Run"]["properties"]["figures"] = {"anyOf": [{"type": "null"}, figures], "default": None}
    head = {
        "$schema": DIALECT,
        "title": "rushlab run --json, rushlab show --json, run.json",
        "description": "Schema 1.",
    }
    return _tidy(head | run | {"$defs": definitions})


def experiment_schema() -> dict[str, Any]:
    """The schema of `experiment.json`, `rushlab tune --json` and `rushlab experiment --json`."""
    (result,), definitions = msgspec.json.schema_components([ExperimentResult], ref_template=TEMPLATE)
    head = {
        "$schema": DIALECT,
        "title": "rushlab experiment --json, rushlab tune --json, experiment.json",
        "description": "Schema 1.",
    }
    return _tidy(head | result | {"$defs": definitions})


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Descriptions are docstrings: without the indentation that Python 3.13 takes away and those before it keep."""
    return {
        key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _tidied(value)
        for key, value in schema.items()
    }


def _tidied(value: Any) -> Any:
    if isinstance(value, list):
        return [_tidied(one) for one in value]
    return _tidy(value) if isinstance(value, dict) else value


SCHEMAS = {"run": run_schema, "experiment": experiment_schema}

if __name__ == "__main__":
    print(json.dumps(SCHEMAS[sys.argv[1]](), indent=1))  # noqa: T201 - this is what it is for
