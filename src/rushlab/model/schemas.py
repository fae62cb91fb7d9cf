"""JSON Schemas that follow from the value objects; `python -m rushlab.model.schemas` prints the run's."""

from __future__ import annotations

import json
from typing import Any

import msgspec

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


if __name__ == "__main__":
    print(json.dumps(run_schema(), indent=1))  # noqa: T201 - this is what it is for
