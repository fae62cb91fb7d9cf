"""Numbers and units as a reader sees them, one function each."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from rushlab.model.percent import percent as model_percent

UNKNOWN = "—"
#: Below this factor a ratio is said in per cent.
LITTLE = 1.1


def milliseconds(value: float | None) -> str:
    """Milliseconds without their unit: 2 decimals below 10, 1 below 100, none above."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"


def as_printed(value: float | None) -> str:
    """A figure of the report with just the digits the report gave it."""
    if value is None:
        return UNKNOWN
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def duration(value_ms: float | None) -> str:
    """A time with its unit, for sentences: ms below one second, s above."""
    if value_ms is None or not math.isfinite(value_ms):
        return UNKNOWN
    return f"{milliseconds(value_ms)} ms" if value_ms < 1000 else f"{value_ms / 1000:.2f} s"


def seconds(value: float | None) -> str:
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.1f} s"


def clock(value: float) -> str:
    """Seconds as minutes and seconds, with a tenth where there is one: 1:30, 0:04.5."""
    minutes, rest = divmod(round(value, 1), 60)
    return f"{minutes:.0f}:{rest:02.0f}" if rest == int(rest) else f"{minutes:.0f}:{rest:04.1f}"


def count(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,d}"


def percent(share: float | None) -> str:
    """A share of one as per cent; never rounded to 0 or 100 when it is neither."""
    return UNKNOWN if share is None or not math.isfinite(share) else model_percent(share)


def speed(ratio: float) -> str:
    """A ratio of times (ours / theirs) in words, so that its direction cannot be misread.

    A little faster is said of the speed, as many times faster is: 0.95 of the time is 5.3 % faster.
    """
    if 1 / LITTLE < ratio < 1:
        return f"{(1 / ratio - 1) * 100:.1f} % faster"
    return direction(ratio, lower="faster", higher="slower")


def amount(ratio: float) -> str:
    """A ratio of counts (ours / theirs) in words."""
    return direction(ratio, lower="fewer", higher="more")


def direction(ratio: float, *, lower: str, higher: str) -> str:
    """A ratio in words of the caller's: what it is called when it is below 1, and above."""
    if ratio == 1:
        return "equal"
    word = lower if ratio < 1 else higher
    factor = 1 / ratio if ratio < 1 else ratio
    if factor < LITTLE:
        return f"{abs(1 - ratio) * 100:.1f} % {word}"
    return f"{factor:.{2 if factor < 10 else 1 if factor < 100 else 0}f}× {word}"


def moment(epoch: float | None) -> str:
    """Epoch seconds as a date and time in UTC."""
    if epoch is None:
        return UNKNOWN
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plural(number: int, word: str) -> str:
    return f"{number:,d} {word}" if number == 1 else f"{number:,d} {word}s"
