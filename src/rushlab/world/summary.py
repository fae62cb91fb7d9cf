"""k6's own summary, in each of the shapes k6 has written it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from rushlab.model.errors import PointsError
from rushlab.world.files import decoded

#: k6's summaries are a few kilobytes; this is far beyond any real one.
MAX_BYTES = 64 * 2**20


class Summary(Struct, frozen=True, kw_only=True):
    """What k6 counted itself.

    `metrics`: name (sub-metrics as `name{tag:value}`) → k6's values: count and rate; rate, passes, fails;
    value, min, max; or a trend's statistics in the metric's unit. `thresholds`: metric → expression →
    whether it was met. `test_run_duration_ms` is what k6 divided its counters by; None when not told.
    """

    metrics: dict[str, dict[str, float]]
    thresholds: dict[str, dict[str, bool]]
    test_run_duration_ms: float | None


def read_summary(path: Path) -> Summary:
    """Read the JSON of `handleSummary`, of `--summary-export` or k6 2's machine-readable summary.

    Raises
    ------
    PointsError
        The file is not there, not JSON, or not a summary of k6.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PointsError(f"{path} is not a summary of k6", f"it is larger than {MAX_BYTES >> 20} MiB")
        content: Any = decoded(path.read_bytes(), object)
    except OSError as error:
        raise PointsError(f"The summary {path} cannot be read", error.strerror or str(error)) from error
    except msgspec.DecodeError as error:
        raise PointsError(f"{path} is not a summary of k6", f"it is not JSON ({error})") from error
    try:
        return _reader(content)(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PointsError(
            f"{path} is not a summary of k6",
            "it has neither the shape of handleSummary, of --summary-export nor of k6 2's machine-readable summary",
        ) from error


def _reader(content: Any) -> Callable[[dict[str, Any]], Summary]:
    if "results" in content:
        return _machine_readable
    return _handle_summary if "state" in content else _summary_export


def _handle_summary(content: dict[str, Any]) -> Summary:
    metrics = content["metrics"]
    duration = content["state"].get("testRunDurationMs")
    return Summary(
        metrics={name: _numbers(metric["values"]) for name, metric in metrics.items()},
        thresholds={
            name: {expression: bool(result["ok"]) for expression, result in metric["thresholds"].items()}
            for name, metric in metrics.items()
            if metric.get("thresholds")
        },
        test_run_duration_ms=None if duration is None else float(duration),
    )


def _summary_export(content: dict[str, Any]) -> Summary:
    """Values lie beside the thresholds, a Rate's `rate` is called `value`, and true means crossed."""
    metrics: dict[str, dict[str, float]] = {}
    thresholds: dict[str, dict[str, bool]] = {}
    for name, entry in content["metrics"].items():
        values = dict(entry)
        crossed = values.pop("thresholds", None)
        if crossed:
            thresholds[name] = {expression: not was_crossed for expression, was_crossed in crossed.items()}
        if "passes" in values:
            values["rate"] = values.pop("value")
        metrics[name] = _numbers(values)
    return Summary(metrics=metrics, thresholds=thresholds, test_run_duration_ms=_duration_of(metrics))


def _duration_of(metrics: dict[str, dict[str, float]]) -> float | None:
    """The duration behind the counters' rates, from the counter whose count is largest."""
    counters = [values for values in metrics.values() if values.keys() == {"count", "rate"} and values["rate"] > 0]
    if not counters:
        return None
    largest = max(counters, key=lambda values: values["count"])
    return largest["count"] / largest["rate"] * 1000


def _machine_readable(content: dict[str, Any]) -> Summary:
    """Schema 1 of k6's `--new-machine-readable-summary` (k6 1.5 and later; it has no thresholds and no rates)."""
    metrics = {metric["name"]: _old_names(metric["values"]) for metric in content["results"]["metrics"]}
    return Summary(metrics=metrics, thresholds={}, test_run_duration_ms=float(content["config"]["duration"]) * 1000)


def _old_names(values: dict[str, Any]) -> dict[str, float]:
    if "matches" not in values:
        return _numbers(values)
    matches, total = float(values["matches"]), float(values["total"])
    return {"rate": float(values["rate"]), "passes": matches, "fails": total - matches}


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in values.items() if value is not None}
