"""A study as text of every kind, and its tables as CSV."""

from __future__ import annotations

import json
from pathlib import Path

from rushlab.show import csv, markdown
from rushlab.show.junit import junit_xml
from rushlab.show.report_json import report_json
from rushlab.show.views import Study
from rushlab.world.files import check_writable, write_atomic


def text(study: Study, kind: str) -> str:
    """The study as junit, markdown or json."""
    if kind == "junit":
        return junit_xml(study)
    if kind == "markdown":
        return markdown.report(study)
    return json.dumps(report_json(study), indent=1, allow_nan=False) + "\n"


def write_tables(study: Study, folder: Path) -> None:
    """Every table as CSV (StorageError when the folder cannot be written)."""
    check_writable(folder)
    for name, content in csv.files(study).items():
        write_atomic(folder / name, content)
