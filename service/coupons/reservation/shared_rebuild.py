"""Redis rebuilt by one of several workers, while all of them rest (the worker's side of `barrier`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from coupons.errors import CannotDecide
from coupons.reservation.rebuild import Rebuild

log = logging.getLogger(__name__)


class SharedRebuild:
    """What `Trust` calls when this worker has closed and nothing of it is undecided."""

    def __init__(self, own: Rebuild, tell: Callable[[str], None]) -> None:
        self._own = own
        self._tell = tell
        self._needed = 0  # the last round in which this worker had to close
        self._answer: asyncio.Future[tuple[int, str]] | None = None
        self._work: asyncio.Task[None] | None = None
        # Both are set by the reservation that believes Redis.
        self.closed: Callable[[str], None] = lambda why: None
        self.lost: Callable[[str], None] = lambda why: None

    async def all(self) -> str:
        """Have it rebuilt, by this worker or another; the run id of the Redis that now holds the truth.

        Raises
        ------
        CannotDecide
            It failed, or a new round has begun meanwhile.
        """
        self._answer = asyncio.get_running_loop().create_future()
        self._tell("want")
        number, run_id = await self._answer
        if number < self._needed:
            raise CannotDecide("Redis has to be rebuilt again")
        return run_id

    def hear(self, order: str) -> None:
        """An order of the deployment."""
        word, _, rest = order.partition(" ")
        if word == "close":
            self._needed = int(rest)
            self.closed("another worker of this deployment has to")
        elif word == "lost":
            self.lost("the database has lost the deployment's lease")
        elif word == "rebuild":
            self._work = asyncio.create_task(self._rebuild())
        elif self._answer is not None and not self._answer.done():
            if word == "open":
                number, run_id = rest.split(" ", 1)
                self._answer.set_result((int(number), run_id))
            elif word == "failed":
                self._answer.set_exception(CannotDecide(rest))

    async def _rebuild(self) -> None:
        try:
            self._tell(f"rebuilt {await self._own.all()}")
        except CannotDecide as error:
            self._tell(f"failed {error}")
        except Exception:
            log.exception("the rebuild failed")
            self._tell("failed it ended in an error nobody thought of")

    async def close(self) -> None:
        """Stop a rebuild that is under way and let go of the connection to Redis."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await self._own.close()
