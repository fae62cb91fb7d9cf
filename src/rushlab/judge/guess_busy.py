"""How busy a processor was when it mattered: in the seconds of trouble, or where there are none in its busiest ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

#: Convention: so long is a spike at least; a shorter one may be a single sample.
BUSIEST_S = 10


@dataclass(frozen=True, slots=True)
class Busy:
    """The share of its cores that a process kept busy, and when, in words."""

    share: float
    when: str


def busy(rows: pd.DataFrame, cores: float, trouble: Collection[int] = ()) -> Busy | None:
    """From samples of the CPU time used; None without any.

    Parameters
    ----------
    rows
        One row per sample: second (since the begin, the middle of what the sample tells), value (% of a core).
    trouble
        The whole seconds of trouble; where no sample lies in them the busiest `BUSIEST_S` seconds count.
    """
    known = rows.dropna(subset="value").sort_values("second")
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
