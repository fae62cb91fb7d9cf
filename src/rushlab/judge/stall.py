"""When a run stood nearly still: seconds in a row in which far fewer requests were answered than just before."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: Conventions: a stall is this many seconds in a row or more, below this share of the median of so many seconds before.
SECONDS, SHARE, BEFORE_S = 5, 1 / 3, 20
#: Below so many requests a second nothing is said: few requests vary much.
LEAST_PER_S = 20
#: Users have become fewer below this share of those before: their mean over a second wavers by a few.
HELD_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Stall:
    """Seconds `begin` to `end` (the last one); requests answered a second before it, and in its fewest and most."""

    begin: int
    end: int
    before_per_s: float
    fewest: int
    most: int

    @property
    def lasted_s(self) -> int:
        return self.end - self.begin + 1


def stalls(timeline: pd.DataFrame) -> list[Stall]:
    """Every stall of a run whose number of users did not fall meanwhile.

    Parameters
    ----------
    timeline
        One row per second, without holes: second, vus, requests (answered in it).
    """
    found: list[Stall] = []
    requests, users = timeline["requests"].to_numpy(), timeline["vus"].to_numpy()
    at = BEFORE_S
    while at < len(requests):
        before = float(pd.Series(requests[at - BEFORE_S : at]).median())
        end = at
        while end < len(requests) and requests[end] < SHARE * before and users[end] >= HELD_SHARE * users[at - 1]:
            end += 1
        if end - at >= SECONDS and before >= LEAST_PER_S:
            slow = requests[at:end]
            second = timeline["second"].iloc
            found.append(Stall(int(second[at]), int(second[end - 1]), before, int(slow.min()), int(slow.max())))
        at = max(end, at + 1)
    return found
