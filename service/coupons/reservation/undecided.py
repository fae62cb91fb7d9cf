"""Requests between their reservation and the end of their commit.

To Redis such a user has a coupon already, but nobody knows yet whether that stays so: a second request of the user is
told what the first one is told, and "already issued" only when it is.
"""

from __future__ import annotations

import asyncio

from coupons import decision
from coupons.decision import Decision, Outcome
from coupons.errors import CannotDecide

Key = tuple[int, int]  # coupon, user


class Request:
    """One of them, and who else waits for its outcome."""

    __slots__ = ("_outcome", "_unknown")

    def __init__(self) -> None:
        self._outcome: asyncio.Future[Decision] | None = None
        self._unknown = False

    async def shared(self) -> Decision:
        """The answer to a second request of the same user; CannotDecide when the first has none."""
        if self._unknown:
            raise CannotDecide("it is not known yet what became of an earlier request of this user")
        if self._outcome is None:
            self._outcome = asyncio.get_running_loop().create_future()
        decided = await asyncio.shield(self._outcome)
        return decision.ALREADY if decided.outcome is Outcome.ISSUED else decided

    def answered(self, decided: Decision) -> None:
        """Tell those who share it."""
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(decided)

    def failed(self, why: str) -> None:
        """Tell those who share it that there is no answer."""
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_exception(CannotDecide(why))

    def lost_sight_of(self) -> None:
        """Its commit was not answered: whoever asks is told that nothing is known."""
        self._unknown = True
        self.failed("it is not known yet whether the coupon was issued")


class Undecided:
    """All of them in this process, by coupon and user."""

    def __init__(self) -> None:
        self._requests: dict[Key, Request] = {}

    def __len__(self) -> int:
        return len(self._requests)

    def earlier(self, key: Key) -> Request | None:
        """The request of the same user that is not decided."""
        return self._requests.get(key)

    def begin(self, key: Key) -> Request:
        """A request is about to reserve."""
        request = self._requests[key] = Request()
        return request

    def end(self, key: Key) -> None:
        """It is decided: committed, refused, or its reservation given back."""
        self._requests.pop(key, None)
