"""The errors of the coupon service, drawn once.

CouponsError
├── BadSetting        the environment asks for something that cannot be
├── Occupied          another service process works with this database
├── KeepsEnding       a worker ended again and again before it could serve
└── CannotDecide      the service cannot decide safely; the user may try again (503)
    ├── Busy          the bounded wait for a lock, a connection or a place in a group is over
    ├── NotWritten    the transaction is known not to have happened
    │   └── KeyTaken  its idempotency key was another request's
    └── MaybeWritten  the commit's answer was lost and the database cannot be asked yet
"""

from __future__ import annotations


class CouponsError(Exception):
    """What every error of the service is."""


class BadSetting(CouponsError):
    """One sentence that names the setting, its value and what it may be."""


class Occupied(CouponsError):
    """One sentence: another service process works with this database."""


class KeepsEnding(CouponsError):
    """One sentence: which worker, how often, and with what exit code."""


class CannotDecide(CouponsError):
    """The service cannot decide safely; `retry_after` seconds is its guess of when it can."""

    def __init__(self, why: str, retry_after: int = 1) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Busy(CannotDecide):
    """A bounded wait ended before there was room."""


class NotWritten(CannotDecide):
    """The transaction is known not to have happened; a reservation for it is to be given back."""


class KeyTaken(NotWritten):
    """Another request with the same idempotency key was committed first."""


class MaybeWritten(CannotDecide):
    """The connection was lost in the commit and the database could not be asked yet."""
