"""Words and numbers of comparisons, as a reader sees them."""

from __future__ import annotations

from rushlab.model.comparison import Comparison
from rushlab.model.metric import METRICS
from rushlab.show.table import Tone
from rushlab.show.units import UNKNOWN, count, milliseconds, percent

NO_VERDICT = "no verdict"
TONES: dict[str, Tone] = {"better": "good", "worse": "bad", "equivalent": "quiet", "inconclusive": "warn"}


def ratio(value: float | None) -> str:
    """`0.812×`, three digits."""
    return UNKNOWN if value is None else f"{value:.3g}×"


def interval(bounds: tuple[float, float] | None) -> str:
    return UNKNOWN if bounds is None else f"[{bounds[0]:.3g}, {bounds[1]:.3g}]"


def share(value: float | None) -> str:
    """A relative change as per cent (0.12 → 12 %)."""
    return UNKNOWN if value is None else f"{value * 100:.{1 if value < 0.1 else 0}f} %"


def verdict(one: Comparison) -> str:
    return NO_VERDICT if one.verdict is None else str(one.verdict)


def value(metric: str, number: float | None) -> str:
    """A metric's value with its unit."""
    if number is None:
        return UNKNOWN
    unit = METRICS[metric].unit
    if unit == "share":
        return percent(number)
    if unit == "ms":
        return f"{milliseconds(number)} ms"
    return f"{count(round(number))} /s"
