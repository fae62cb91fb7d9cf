"""JSON Schemas that follow from the value objects; `python -m rushlab.model.schemas run|experiment` prints one."""

from __future__ import annotations

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
    return head | run | {"$defs": definitions}


def experiment_schema() -> dict[str, Any]:
    """The schema of `experiment.json`, `rushlab tune --json` and `rushlab experiment --json`."""
    (result,), definitions = msgspec.json.schema_components([ExperimentResult], ref_template=TEMPLATE)
    head = {
        "$schema": DIALECT,
        "title": "rushlab experiment --json, rushlab tune --json, experiment.json",
        "description": "Schema 1.",
    }
    return head | result | {"$defs": definitions}


SCHEMAS = {"run": run_schema, "experiment": experiment_schema}

if __name__ == "__main__":
    print(json.dumps(SCHEMAS[sys.argv[1]](), indent=1))  # noqa: T201 - this is what it is for
