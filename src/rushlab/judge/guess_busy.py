"""How busy a processor was when it mattered: in the seconds of trouble, or where there are none in its busiest ones."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

#: Convention: so long is a spike at least; a shorter one may be a single sample.
BUSIEST_S = 10


@dataclass(frozen=True, slots=True)
class Busy:
    """The share of its cores that a process kept busy, and when, in words.

    `mean`: over the whole run, with its begin and its end, which hides how busy it was at its height.
    """

    share: float
    when: str
    mean: bool = False


def busy(
    rows: pd.DataFrame, cores: float, trouble: Collection[int] = (), *, window_s: float = 0.0, load_s: float = math.inf
) -> Busy | None:
    """From samples of the CPU time used; None when none of them tells of the load alone.

    Parameters
    ----------
    rows
        One row per sample: second (since the begin, the middle of what the sample tells), value (% of a core).
    trouble
        The whole seconds of trouble; where no sample lies in them the busiest `BUSIEST_S` seconds count.
    window_s
        Seconds that a sample tells of. One whose window begins before the load, or ends after its `load_s` seconds,
        does not count: it would make a busy processor of a short run look idle.
    """
    within = rows["second"].between(window_s / 2, load_s - window_s / 2)
    known = rows[within].dropna(subset="value").sort_values("second")
    if known.empty:
        return None
    during = known[(known["second"] // 1).isin(list(trouble))]["value"]
    if len(during):
        return Busy(float(during.mean()) / 100 / cores, f"in the {len(trouble):,d} seconds of trouble")
    return Busy(_busiest(known) / 100 / cores, f"in its busiest {BUSIEST_S} s")


def _busiest(rows: pd.DataFrame) -> float:
    """The highest mean over `BUSIEST_S` seconds; windows that begin before the first sample do not count."""
    values = rows["value"].set_axis(pd.to_timedelta(rows["second"], unit="s"))
    windows = values.rolling(f"{BUSIEST_S}s")
    samples = windows.count()
    return float(windows.mean()[samples == samples.max()].max())
