"""A study as `report.json` (docs/schemas/report.schema.json): unknown values are null, with a reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rushlab.model.results import RunFigures
from rushlab.show import trouble
from rushlab.show.tables.origin import set_up
from rushlab.show.views import RunView, Study

SCHEMA = 1

FIELDS = (
    *("requests", "failed", "success_rate", "mean_ms", "median_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"),
    *("rate_per_s", "bound", "bound_share", "confirmed", "confirm_rate_per_s", "drain_s"),
)


def report_json(study: Study) -> dict[str, Any]:
    """The study as plain JSON values."""
    return {
        "schema": SCHEMA,
        "scale": study.scale,
        "created": study.created,
        "partial": study.partial,
        "missing": list(study.missing),
        "variants": {
            variant: {"profiles": {name: profile(view) for name, view in views.items()}}
            for variant, views in study.variants.items()
        },
        "environment": study.environment,
    }


def profile(view: RunView) -> dict[str, Any]:
    """One run's figures and verdicts."""
    figures, run = view.figures, view.run
    began = trouble.onset_of(view)
    values = {field: getattr(figures, field) if figures else None for field in FIELDS}
    reasons = {field: view.reason(field) for field, value in values.items() if value is None}
    if began is None:
        reasons["onset"] = trouble.no_onset(view)
    return {
        "run": run.id,
        "verdict": str(view.validity),
        "verdict_reason": run.verdict.reason if run.verdict else None,
        **values,
        "outcomes": dict(figures.outcomes) if figures else {},
        "issued_ms": dict(figures.issued_ms) if figures else {},
        "confirm_ms": dict(figures.confirm_ms) if figures else {},
        "thresholds": thresholds(figures),
        "audit": str(view.audit),
        "counts": dict(run.audit.counts) if run.audit else {},
        "knobs": dict(set_up(run)),
        "onset": None if began is None else asdict(began),
        "reasons": reasons,
    }


def thresholds(figures: RunFigures | None) -> dict[str, dict[str, dict[str, Any]]]:
    """metric → expression → its value and whether it held (`ok`, null when undecided)."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for result in figures.thresholds if figures else ():
        found.setdefault(result.metric, {})[result.expression] = {"ok": result.passed, "value": result.value}
    return found
