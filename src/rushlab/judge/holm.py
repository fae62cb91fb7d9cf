"""Holm's correction for several declared comparisons.

Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979). Holds the chance
of any false alarm among all of them at the nominal level, whatever their dependence.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values in the order given: an adjusted p below 0.05 stands at 5 % over the whole family."""
    ranked = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(ranked):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return tuple(adjusted)
