"""The load generator's side of the story: who asked, and what each was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from rushlab.judge.ids import Ids, Mask, as_ids

ACCEPTED = 201
ALREADY = 409
SOLD_OUT = 410


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """All issue requests of a run, sorted by what their answer proves.

    A 201 is accepted. A 4xx is a refusal: it must have changed nothing. Everything else (no answer,
    5xx, any other status) is unknown: it may have happened. `named` holds the requests whose user
    is known: user int64, status, started, ended (epoch seconds). `missing` says why there may be
    more requests than these; empty = they are all.
    """

    total: int
    accepted: int
    unnamed: int
    unnamed_accepted: int
    unnamed_unknown: int
    server_errors: int
    unanswered: int
    named: pd.DataFrame
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, attempts: pd.DataFrame, missing: Iterable[str] = ()) -> Requests:
        """From the attempts frame: user (nullable), status (0 = no answer), started, ended."""
        status = as_ids(attempts["status"])
        nameless = attempts["user"].isna().to_numpy()
        named = attempts.loc[~nameless, ["user", "status", "started", "ended"]].astype(
            {"user": "int64", "status": "int64", "started": "float64", "ended": "float64"}
        )
        return cls(
            total=len(attempts),
            accepted=int((status == ACCEPTED).sum()),
            unnamed=int(nameless.sum()),
            unnamed_accepted=int((nameless & (status == ACCEPTED)).sum()),
            unnamed_unknown=int((nameless & _is_unknown(status)).sum()),
            server_errors=int((status >= 500).sum()),
            unanswered=int((status == 0).sum()),
            named=named,
            missing=tuple(missing),
        )

    @property
    def status(self) -> Ids:
        """Status of each named request."""
        return as_ids(self.named["status"])

    @property
    def unknown(self) -> pd.DataFrame:
        """The named requests whose outcome is unknown."""
        return self._those(_is_unknown(self.status))

    def told(self, status: int) -> pd.DataFrame:
        """The named requests with this answer."""
        return self._those(self.status == status)

    @property
    def accepted_users(self) -> Ids:
        """User of each named 201, one entry per reply."""
        return self._users(self.status == ACCEPTED)

    @property
    def sold_out_users(self) -> Ids:
        """User of each named 410, one entry per reply."""
        return self._users(self.status == SOLD_OUT)

    @property
    def unknown_users(self) -> Ids:
        """User of each named request whose outcome is unknown."""
        return self._users(_is_unknown(self.status))

    @property
    def unanswered_users(self) -> Ids:
        """User of each named request that got no answer at all."""
        return self._users(self.status == 0)

    def _those(self, mask: Mask) -> pd.DataFrame:
        rows: pd.DataFrame = self.named.loc[mask]
        return rows

    def _users(self, mask: Mask) -> Ids:
        return as_ids(self.named["user"])[mask]


def _is_unknown(status: Ids) -> Mask:
    mask: Mask = (status != ACCEPTED) & ((status < 400) | (status >= 500))
    return mask
