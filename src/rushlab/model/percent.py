"""A share in words, one rounding for what is judged and what is shown."""

from __future__ import annotations

import math


def percent(share: float) -> str:
    """A share as per cent; never rounded to 0 or 100 when it is neither."""
    if 0 < share < 1e-5:
        return "< 0.001 %"
    text = f"{share * 100:.1f}"
    if (text == "100.0" and share != 1) or (text == "0.0" and share != 0):
        text = f"{share * 100:.3g}" if share < 0.5 else f"{math.floor(share * 1e5) / 1e3:.3f}"
    return f"{text} %"
