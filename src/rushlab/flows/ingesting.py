"""`rushlab ingest`: k6's figures from any k6 JSON output of anyone, without a run around it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from rushlab.world import points
from rushlab.world.summary import read_summary


def ingest_file(source: Path, summary: Path | None = None) -> dict[str, Any]:
    """k6's metrics and sub-metrics of `source`, in k6's names and units (shape: docs/schemas/ingest.schema.json).

    Raises
    ------
    PointsError
        The file is missing, empty, foreign or damaged.
    """
    known = read_summary(summary) if summary is not None else None
    with tempfile.TemporaryDirectory(prefix="rushlab-ingest-") as scratch:
        target = Path(scratch) / "points.parquet"
        read = points.ingest(source, target)
        figures = points.figures(target, known)
    warnings = [*read.warnings, *figures.get("warnings", ())]
    facts = {"lines": read.lines, "points": read.points, "truncated": read.truncated}
    return {"schema": 1, "metrics": figures["metrics"], **facts, "warnings": list(dict.fromkeys(warnings))}
