"""When trouble began: the first of several seconds in a row in which the p95 was over its limit."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: Convention: as many seconds in a row, so that one slow second is no trouble yet.
SECONDS = 3


@dataclass(frozen=True, slots=True)
class Onset:
    """The second in which trouble began, how many seconds it lasted, and what was there in its first one.

    `over_s` counts all seconds of the run over the limit, before and after too. `vus` is the mean number of virtual
    users in that second, None where it is not known. `rate_per_s` counts the requests answered.
    """

    second: int
    lasted_s: int
    over_s: int
    vus: int | None
    rate_per_s: int
    p95_ms: float


def onset(timeline: pd.DataFrame, limit_ms: float, seconds: int = SECONDS) -> Onset | None:
    """The first `seconds` or more in a row whose p95 was over `limit_ms`; None when there are none.

    Parameters
    ----------
    timeline
        One row per second, without holes: second, vus, requests, p95_ms (ms over the requests that
        ended in that second). A second without an answer has no p95 (NaN): it is not over the limit,
        and ends a row of seconds.
    """
    over = timeline["p95_ms"] > limit_ms
    row_of_seconds = (~over).cumsum()
    for _, rows in timeline[over].groupby(row_of_seconds[over]):
        if len(rows) >= seconds:
            return _onset(rows, int(over.sum()))
    return None


def _onset(rows: pd.DataFrame, over_s: int) -> Onset:
    first = rows.iloc[0]
    return Onset(
        second=int(first["second"]),
        lasted_s=len(rows),
        over_s=over_s,
        vus=None if pd.isna(first["vus"]) else int(first["vus"]),
        rate_per_s=int(first["requests"]),
        p95_ms=float(first["p95_ms"]),
    )
