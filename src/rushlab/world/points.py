"""k6's points: from its JSON output to Parquet, and from there to figures and frames."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rushlab.world.files import identity
from rushlab.world.points_extract import extracted
from rushlab.world.points_figures import disagreements, figures
from rushlab.world.points_reader import Ingested, ingest

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Ingested",
    "attempts",
    "disagreements",
    "distribution",
    "durations",
    "figures",
    "ingest",
    "populations",
    "stages",
    "timeline",
    "vus",
]

#: The name tag of the requests that k6/coupons.js sends.
REQUEST_NAME = "issue"
#: Seconds before and after a moment that stand for it.
AROUND_S = 0.05
_SHARES = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def attempts(parquet: Path) -> pd.DataFrame:
    """One row per request to issue a coupon: user (Int64, may be missing), status (0 = no answer), started, ended.

    `started` and `ended` are epoch seconds of the load generator's clock. k6 stamps a request at its
    end, so started = ended − blocked − duration. A request without a connection (refused, timed out
    while connecting) has no times: its start equals its end.
    """
    return _attempts(parquet, identity(parquet)).copy(deep=False)  # copied on write


@lru_cache(maxsize=1)
def _attempts(parquet: Path, told_by: tuple[int, ...]) -> pd.DataFrame:
    """Audit, figures and measures of a run ask for them one after another."""
    with extracted(parquet) as tables:
        frame = tables.attempts(REQUEST_NAME)
    return frame.astype({"user": "Int64", "status": "int64"})


def timeline(parquet: Path, start: float) -> pd.DataFrame:
    """One row per second since `start` (epoch seconds): second, vus, requests, failed, p50_ms … max_ms.

    Requests count in the second in which they ended. Seconds without a request have NaN for its
    times; `vus` is the mean number of virtual users at work in that second (`points_laws.mean_within`) as a whole
    number, NaN where the points have no iterations.
    """
    with extracted(parquet) as tables:
        frame = tables.per_second(start)
        last = int(frame["second"].max()) if len(frame) else -1
        vus = tables.users([(start + second, start + second + 1) for second in range(last + 1)])
    full = frame.set_index("second").reindex(range(last + 1)).rename_axis("second").reset_index()
    full.insert(1, "vus", vus)
    whole = full.fillna({"requests": 0, "failed": 0}).astype({"vus": "float64"}).round({"vus": 0})
    return whole.astype({"requests": "int64", "failed": "int64"})


def durations(parquet: Path, statuses: Collection[int] | None = None) -> dict[str, float | int | None]:
    """count, mean, median, p90, p95, p99, max of http_req_duration in ms; of these statuses only, if given.

    All but the count are None where there is no such request.
    """
    with extracted(parquet) as tables:
        return tables.durations(None if statuses is None else sorted(statuses), _SHARES)


def distribution(parquet: Path) -> pd.DataFrame:
    """One row per quantile of all requests: quantile (0 to 1, denser toward 1), ms; at most 400 rows, sorted by both.

    Values are http_req_duration, interpolated as in `durations`. Few requests have one row each; none, no row.
    """
    import pandas as pd  # ingest alone never needs it

    with extracted(parquet) as tables:
        shares, times = tables.distribution()
    return pd.DataFrame({"quantile": shares, "ms": times}, dtype="float64")


def stages(parquet: Path, start: float, windows: Sequence[tuple[float, float]]) -> pd.DataFrame:
    """One row per window (seconds since `start`, begin included, end not), in their order.

    Columns: stage, requests (begun in it), answered (in it, whenever begun), mean_vus (`points_laws.mean_within`),
    median_ms, p90_ms, p95_ms, p99_ms, max_ms of http_req_duration over the requests begun in it.
    A request began at its end − blocked − duration. NaN where there is none; the windows must not overlap.
    """
    with extracted(parquet) as tables:
        frame = tables.by_stage(start, windows)
        frame.insert(3, "mean_vus", tables.users([(start + begin, start + end) for begin, end in sorted(windows)]))
    return frame.astype({"mean_vus": "float64"})


def populations(parquet: Path, outcome_of: Callable[[int], str]) -> pd.DataFrame:
    """One row per outcome of all requests: outcome, requests, median_ms, p95_ms, p99_ms, max_ms, first, last, last_vus.

    `outcome_of` names the outcome of a status (0 = no answer). `first` and `last` are the epoch seconds at which
    the first and the last of these requests ended, `last_vus` the mean number of virtual users at work within
    `AROUND_S` of the last (`points_laws.mean_within`), NaN where the points have no iterations.
    """
    with extracted(parquet) as tables:
        frame = tables.by_outcome(outcome_of)
        around = [(last - AROUND_S, last + AROUND_S) for last in frame["last"]]
        frame.insert(len(frame.columns), "last_vus", tables.users(around))
    return frame.astype({"last_vus": "float64"})


def vus(parquet: Path) -> pd.DataFrame:
    """One row per sample of k6's active virtual users, in time order: time (epoch seconds), vus."""
    with extracted(parquet) as tables:
        return tables.vus()
